"""Curves of a table's columns as a chart of the scene."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence, Tuple

import slicer

from SSLSegmentationLib.contract.tissues import DEFAULT_COLORS
from SSLSegmentationLib.gui.scene.nodes import is_in_scene, unique_name
from SSLSegmentationLib.gui.scene.tables import fill_numbers


def show_curves(
    table_id: str,
    chart_id: str,
    columns: Mapping[str, Sequence[Optional[float]]],
    *,
    x: str,
    title: str,
    other_x: Optional[Mapping[str, str]] = None,
    x_title: str = "",
    y_title: str = "",
    logarithmic: bool = False,
) -> Tuple[Any, Any]:
    """A table of `columns` and a chart of them over the column `x`, or over what `other_x` names; returns both nodes.

    The nodes of these ids are updated in place; "" and ids that are gone make new ones. A value of None is a gap.
    """
    known = [slicer.mrmlScene.GetNodeByID(one) if one else None for one in (table_id, chart_id)]
    table = fill_numbers(known[0], columns, name=title)
    over = other_x or {}
    curves = {key: over.get(key, x) for key in columns if key != x and key not in over.values()}
    chart = update_chart(
        known[1], table, curves=curves, name=title, x_title=x_title or x, y_title=y_title, logarithmic=logarithmic
    )
    return table, chart


def update_chart(
    chart: Any,
    table: Any,
    *,
    curves: Mapping[str, str],
    name: str,
    x_title: str = "",
    y_title: str = "",
    logarithmic: bool = False,
) -> Any:
    """A chart with one line per column in `curves`, each over the column that it names; returns its node.

    `chart` is updated in place where it is still in the scene, with its series; else a new one is made.
    """
    plot = chart if is_in_scene(chart) else slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", unique_name(name))
    modifying = plot.StartModify()
    try:
        _match_series(plot, len(curves))
        for number, (column, x) in enumerate(curves.items()):
            _show(plot.GetNthPlotSeriesNode(number), table, x=x, column=column, number=number)
        plot.SetTitle(name)
        plot.SetXAxisTitle(x_title)
        plot.SetYAxisTitle(y_title)
        plot.SetYAxisLogScale(logarithmic)
        plot.SetLegendVisibility(len(curves) > 1)
        plot.Modified()
    finally:
        plot.EndModify(modifying)
    return plot


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
