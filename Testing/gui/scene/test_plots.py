"""Curves: one chart that follows its table."""

from __future__ import annotations

import math
from typing import Any

import slicer

from SSLSegmentationLib.gui.scene import plots

CURVES = {"step": [0, 10, 20], "loss": [1.0, None, 0.25], "validation loss": [None, 0.8, 0.7]}


def show(table: str = "", chart: str = "", columns: Any = None, **more: Any) -> tuple[Any, Any]:
    return plots.show_curves(table, chart, CURVES if columns is None else columns, x="step", title="Loss", **more)


def test_each_column_is_a_line_over_the_first_one(scene: Any) -> None:
    table, chart = show(x_title="step", y_title="loss", logarithmic=True)
    series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [one.GetYColumnName() for one in series] == ["loss", "validation loss"]
    assert {one.GetXColumnName() for one in series} == {"step"}
    assert {one.GetPlotType() for one in series} == {slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter}
    assert {one.GetLineStyle() for one in series} == {slicer.vtkMRMLPlotSeriesNode.LineStyleSolid}
    assert series[0].GetTableNode() is table
    assert series[0].GetColor() != series[1].GetColor()
    assert (chart.GetTitle(), chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ("Loss", "step", "loss")
    assert chart.GetYAxisLogScale()
    values = slicer.util.arrayFromTableColumn(table, "loss")
    assert values[0] == 1.0
    assert math.isnan(values[1])


def test_an_update_keeps_nodes_and_adds_and_removes_lines(scene: Any) -> None:
    table, chart = show()
    first = chart.GetNthPlotSeriesNode(0)
    more = {**CURVES, "dice": [0.1, 0.2, 0.3]}
    assert show(table.GetID(), chart.GetID(), more) == (table, chart)
    assert chart.GetNumberOfPlotSeriesNodes() == 3
    assert chart.GetNthPlotSeriesNode(0) is first
    assert show(table.GetID(), chart.GetID(), {"step": [1], "loss": [2.0]}) == (table, chart)
    assert chart.GetNumberOfPlotSeriesNodes() == 1
    assert scene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") == 1
    assert not chart.GetLegendVisibility()


def test_ids_that_are_gone_make_new_nodes(scene: Any) -> None:
    table, chart = show()
    scene.RemoveNode(table)
    fresh, same = show(table.GetID(), chart.GetID())
    assert same is chart
    assert chart.GetNthPlotSeriesNode(0).GetTableNode() is fresh
    scene.Clear(0)
    table, chart = show("vtkMRMLTableNode7", "vtkMRMLPlotChartNode7")
    assert scene.IsNodePresent(chart)


def test_a_series_that_a_person_deleted_is_made_again(scene: Any) -> None:
    table, chart = show()
    scene.RemoveNode(chart.GetNthPlotSeriesNode(0))
    show(table.GetID(), chart.GetID())
    series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [one.GetYColumnName() for one in series] == ["loss", "validation loss"]


def test_a_curve_may_have_positions_of_its_own(scene: Any) -> None:
    columns = {"step": [1.0, 2.0, 3.0], "loss": [3.0, 2.0, 1.0], "at": [2.0, 3.0, None], "dice": [0.1, 0.2, None]}
    table, chart = show(columns=columns, other_x={"dice": "at"})
    series = [chart.GetNthPlotSeriesNode(number) for number in range(chart.GetNumberOfPlotSeriesNodes())]
    assert [(one.GetXColumnName(), one.GetYColumnName()) for one in series] == [("step", "loss"), ("at", "dice")]
    assert chart.GetXAxisTitle() == "step"
