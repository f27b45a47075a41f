"""A training while it runs: each run has a curve of its own, and the layout is given back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import slicer

from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.live_run import LiveRun


def a_run(name, *metrics):
    return SimpleNamespace(
        name=name,
        metrics=list(metrics),
        losses=[(1, 0.5), (2, 0.4)],
        dice_by_tissue=dict,
        mean_dice=lambda: None,
        handle=SimpleNamespace(log_tail=list),
    )


@pytest.fixture
def state():
    return SimpleNamespace(table="", chart="")


@pytest.fixture
def live(scene, host, state):
    made = LiveRun(Connections(), state=lambda: state, save=lambda: None)
    host(made.widget)
    return made


def chart_of(state):
    return slicer.mrmlScene.GetNodeByID(state.chart)


def test_a_second_run_has_a_curve_of_its_own(live, state):
    live.follow(a_run("first"))
    live.plot()
    first, table = chart_of(state), state.table
    live.follow(a_run("second"))
    assert state.chart == state.table == ""
    live.update_chart()
    assert state.chart == "", "nobody has asked for it yet"
    live.plot()
    assert chart_of(state) is not first and state.table != table
    assert (first.GetTitle(), chart_of(state).GetTitle()) == ("first: training", "second: training")


def test_the_same_run_goes_on_in_its_curve(live, state):
    live.follow(a_run("first"))
    live.plot()
    before = (state.table, state.chart)
    live.follow(a_run("first"))
    live.update_chart()
    assert (state.table, state.chart) == before


def test_a_run_that_is_selected_again_goes_on_in_its_curve(live, state):
    for name in ("first", "second"):
        live.follow(a_run(name))
        live.plot()
    for name in ("first", "second", "first"):
        live.follow(a_run(name))
        assert chart_of(state).GetTitle() == f"{name}: training"
        live.plot()
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotChartNode")) == 2
    slicer.mrmlScene.RemoveNode(chart_of(state))
    live.follow(a_run("second"))
    live.follow(a_run("first"))
    assert state.chart == ""


def test_the_axis_says_what_is_shown(live, state):
    run = a_run("first")
    live.follow(run)
    live.plot()
    assert chart_of(state).GetYAxisTitle() == "loss"
    run.metrics += [{"step": step, "dice": 0.5} for step in (1, 2)]
    live.update_chart()
    assert chart_of(state).GetYAxisTitle() == "Dice and loss"


def test_leaving_gives_the_layout_back(live):
    layouts = slicer.app.layoutManager().layouts
    before = slicer.app.layoutManager().layout
    live.leave()
    live.follow(a_run("first"))
    live.plot()
    assert slicer.app.layoutManager().layout != before
    live.leave()
    assert slicer.app.layoutManager().layout == before
    count = len(layouts)
    live.leave()
    assert len(layouts) == count
