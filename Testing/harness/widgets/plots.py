"""qMRMLPlotWidget: draws the chart of a plot view node, so that pictures show curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional

import slicer
import vtk
from PyQt6 import QtCore, QtGui, QtWidgets

from .observing import Observations

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 24, 36
_TICKS = 4


@dataclass(frozen=True)
class Curve:
    name: str
    colour: tuple[float, float, float]
    points: list[tuple[float, float]]
    line: bool
    markers: bool
    bars: bool


def curves(chart: Any) -> list[Curve]:
    """The points of all series of a chart; rows without a finite number are left out."""
    found = []
    for number in range(chart.GetNumberOfPlotSeriesNodes() if chart is not None else 0):
        series = chart.GetNthPlotSeriesNode(number)
        table = None if series is None or series.GetTableNode() is None else series.GetTableNode().GetTable()
        if table is None:
            continue
        kind = series.GetPlotType()
        scatter = kind in (slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter, slicer.vtkMRMLPlotSeriesNode.PlotTypeScatterBar)
        # A line or bar plot of the real widget counts rows; only scatter plots use the x column.
        x = _column(table, series.GetXColumnName()) if scatter else None
        y = _column(table, series.GetYColumnName())
        if y is None:
            continue
        points = [(x[row] if x is not None else float(row), value) for row, value in enumerate(y)]
        found.append(
            Curve(
                name=series.GetName() or "",
                colour=series.GetColor(),
                points=[point for point in points if math.isfinite(point[0]) and math.isfinite(point[1])],
                line=series.GetLineStyle() != slicer.vtkMRMLPlotSeriesNode.LineStyleNone,
                markers=series.GetMarkerStyle() != slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone,
                bars=kind in (slicer.vtkMRMLPlotSeriesNode.PlotTypeBar, slicer.vtkMRMLPlotSeriesNode.PlotTypeScatterBar),
            )
        )
    return found


def _column(table: Any, name: Optional[str]) -> Optional[list[float]]:
    column = table.GetColumnByName(name) if name else None
    if column is None or not hasattr(column, "GetTuple1"):
        return None
    return [column.GetTuple1(row) for row in range(column.GetNumberOfTuples())]


class qMRMLPlotView(QtWidgets.QWidget):
    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._view_node: Any = None
        self._observed = Observations(self)
        self.setMinimumHeight(140)

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def mrmlScene(self) -> Any:
        return self._scene

    def mrmlPlotViewNode(self) -> Any:
        return self._view_node

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._view_node = node
        self._observe()

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(320, 200)

    def _chart(self) -> Any:
        return None if self._view_node is None else self._view_node.GetPlotChartNode()

    def _observe(self) -> None:
        """Follows the view node, its chart, the chart's series and their tables."""
        self._observed.clear()
        chart = self._chart()
        series = [] if chart is None else [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
        tables = [one.GetTableNode() for one in series if one is not None]
        for node in (self._view_node, chart, *series, *tables):
            self._observed.add(node, vtk.vtkCommand.ModifiedEvent, "_observe")
        self.update()

    def fitToContent(self) -> None:
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect, QtGui.QColor("white"))
        painter.setPen(QtGui.QColor("black"))
        chart = self._chart()
        if chart is not None:
            _Drawing(painter, chart, QtCore.QRectF(_LEFT, _TOP, self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM)).draw()
        painter.end()


class _Drawing:
    """One chart in one rectangle."""

    def __init__(self, painter: QtGui.QPainter, chart: Any, area: QtCore.QRectF) -> None:
        self.painter, self.chart, self.area = painter, chart, area
        self.log = bool(chart.GetYAxisLogScale())
        self.curves = curves(chart)
        x = [point[0] for curve in self.curves for point in curve.points]
        y = [self._scaled(point[1]) for curve in self.curves for point in curve.points if not self.log or point[1] > 0]
        self.x_range = _range(x)
        self.y_range = _range([*y, 0.0] if any(curve.bars for curve in self.curves) else y)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def _at(self, x: float, y: float) -> QtCore.QPointF:
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = (x - x0) / (x1 - x0) * self.area.width()
        return QtCore.QPointF(self.area.left() + across, self.area.bottom() - (y - y0) / (y1 - y0) * self.area.height())

    def draw(self) -> None:
        centred = QtCore.Qt.AlignmentFlag.AlignCenter
        area = self.area
        self.painter.drawText(QtCore.QRectF(area.left(), 0, area.width(), _TOP), centred, self.chart.GetTitle() or "")
        self.painter.drawText(
            QtCore.QRectF(area.left(), area.bottom() + 17, area.width(), 18), centred, self.chart.GetXAxisTitle() or ""
        )
        self.painter.save()
        self.painter.translate(10, area.center().y())
        self.painter.rotate(-90)
        self.painter.drawText(QtCore.QRectF(-area.height() / 2, -9, area.height(), 18), centred, self.chart.GetYAxisTitle() or "")
        self.painter.restore()
        self._axes()
        for number, curve in enumerate(self.curves):
            self._curve(curve)
            if self.chart.GetLegendVisibility():
                self.painter.drawText(QtCore.QPointF(area.right() - 110, area.top() + 14 + 14 * number), curve.name)

    def _axes(self) -> None:
        self.painter.setPen(QtGui.QColor("black"))
        self.painter.drawRect(self.area)
        self.painter.setFont(QtGui.QFont("DejaVu Sans", 7))
        for number in range(_TICKS + 1):
            share = number / _TICKS
            x = self.x_range[0] + share * (self.x_range[1] - self.x_range[0])
            y = self.y_range[0] + share * (self.y_range[1] - self.y_range[0])
            below, beside = self._at(x, self.y_range[0]), self._at(self.x_range[0], y)
            self.painter.drawText(
                QtCore.QRectF(below.x() - 25, below.y() + 2, 50, 14), QtCore.Qt.AlignmentFlag.AlignHCenter, f"{x:.3g}"
            )
            text = f"{10**y if self.log else y:.3g}"
            self.painter.drawText(QtCore.QRectF(18, beside.y() - 7, _LEFT - 22, 14), QtCore.Qt.AlignmentFlag.AlignRight, text)

    def _curve(self, curve: Curve) -> None:
        colour = QtGui.QColor.fromRgbF(*curve.colour)
        self.painter.setPen(QtGui.QPen(colour, 1.6))
        points = [self._at(x, self._scaled(y)) for x, y in curve.points if not self.log or y > 0]
        if curve.bars:
            width = max(2.0, self.area.width() / max(1, len(points)) * 0.7)
            for point in points:
                bar = QtCore.QRectF(point.x() - width / 2, point.y(), width, self.area.bottom() - point.y())
                self.painter.fillRect(bar.intersected(self.area), colour)
        elif curve.line:
            for first, second in zip(points, points[1:]):
                self.painter.drawLine(first, second)
        if curve.markers or len(points) == 1:
            for point in points:
                self.painter.drawEllipse(point, 2.0, 2.0)


def _range(values: list[float]) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


class qMRMLPlotWidget(QtWidgets.QWidget):
    """A plot view with its controller."""

    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = qMRMLPlotView(self)
        self._controller = QtWidgets.QWidget(self)
        self._controller.setFixedHeight(0)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controller)
        column.addWidget(self._view, 1)

    def setMRMLScene(self, scene: Any) -> None:
        self._view.setMRMLScene(scene)

    def mrmlScene(self) -> Any:
        return self._view.mrmlScene()

    def setMRMLPlotViewNode(self, node: Any) -> None:
        self._view.setMRMLPlotViewNode(node)

    def mrmlPlotViewNode(self) -> Any:
        return self._view.mrmlPlotViewNode()

    def plotView(self) -> qMRMLPlotView:
        return self._view

    def plotController(self) -> QtWidgets.QWidget:
        return self._controller
