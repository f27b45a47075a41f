"""Curves of a table's columns as a chart of the scene."""

from __future__ import annotations

from typing import Any, Sequence

import slicer

from SSLSegmentationLib.contract.tissues import DEFAULT_COLORS
from SSLSegmentationLib.gui.scene.nodes import is_in_scene, unique_name


def update_chart(
    chart: Any,
    table: Any,
    *,
    x: str,
    curves: Sequence[str],
    name: str,
    x_title: str = "",
    y_title: str = "",
    logarithmic: bool = False,
) -> Any:
    """A chart with one line per column in `curves` over the column `x`; returns its node.

    `chart` is updated in place where it is still in the scene, with its series; else a new one is made.
    """
    plot = chart if is_in_scene(chart) else slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", unique_name(name))
    modifying = plot.StartModify()
    try:
        _match_series(plot, len(curves))
        for number, column in enumerate(curves):
            _show(plot.GetNthPlotSeriesNode(number), table, x=x, column=column, number=number)
        plot.SetTitle(name)
        plot.SetXAxisTitle(x_title or table.GetColumnTitle(x) or x)
        plot.SetYAxisTitle(y_title)
        plot.SetYAxisLogScale(logarithmic)
        plot.SetLegendVisibility(len(curves) > 1)
        plot.Modified()
    finally:
        plot.EndModify(modifying)
    return plot


def remove_chart(chart: Any) -> None:
    """Takes a chart and its series out of the scene."""
    if not is_in_scene(chart):
        return
    _match_series(chart, 0)
    chart.GetScene().RemoveNode(chart)


def _match_series(plot: Any, wanted: int) -> None:
    scene = plot.GetScene()
    for number in reversed(range(wanted, plot.GetNumberOfPlotSeriesNodes())):
        series = plot.GetNthPlotSeriesNode(number)
        plot.RemoveNthPlotSeriesNodeID(number)
        if series is not None:
            scene.RemoveNode(series)
    while plot.GetNumberOfPlotSeriesNodes() < wanted:
        series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode")
        plot.AddAndObservePlotSeriesNodeID(series.GetID())


def _show(series: Any, table: Any, *, x: str, column: str, number: int) -> None:
    kind = slicer.vtkMRMLPlotSeriesNode
    series.SetName(table.GetColumnTitle(column) or column)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(x)
    series.SetYColumnName(column)
    # The plot type "line" ignores the values of x.
    series.SetPlotType(kind.PlotTypeScatter)
    series.SetLineStyle(kind.LineStyleSolid)
    series.SetMarkerStyle(kind.MarkerStyleNone)
    red, green, blue = DEFAULT_COLORS[number % len(DEFAULT_COLORS)]
    series.SetColor(red / 255, green / 255, blue / 255)
