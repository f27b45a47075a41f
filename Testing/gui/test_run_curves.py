"""The columns that a plot of a training shows."""

from __future__ import annotations

from types import SimpleNamespace

from SSLSegmentationLib.gui.run_curves import chart_columns, curves


def a_run(*metrics, losses=()):
    return SimpleNamespace(metrics=list(metrics), losses=list(losses))


def test_before_the_second_validation_the_loss_of_the_steps_is_shown():
    run = a_run({"step": 5, "dice": 0.5}, losses=[(step, 1 / step) for step in range(1, 2001)])
    columns = chart_columns(run)
    assert list(columns) == ["step", "loss"]
    assert 500 <= len(columns["step"]) <= 1000
    assert columns["step"][0] == 1.0


def test_then_the_scores_and_both_losses_by_readable_names():
    rows = [{"step": n, "loss": 1.0, "validation_loss": 0.9, "dice": 0.1 * n, "dice_Körper": 0.2, "seconds": 3} for n in (1, 2)]
    assert list(chart_columns(a_run(*rows))) == ["step", "loss", "loss (validation)", "Dice (mean)", "Dice Körper"]
    assert list(chart_columns(a_run(*rows), losses=False)) == ["step", "Dice (mean)", "Dice Körper"]


def test_a_score_that_a_row_lacks_is_a_gap():
    columns = curves(a_run({"step": 1, "dice": 0.5}, {"step": 2, "dice": None, "dice_a": 0.25}, {"step": 3, "dice": "high"}))
    assert columns == {"step": [1.0, 2.0, 3.0], "dice": [0.5, None, None], "dice_a": [None, 0.25, None]}


def test_nothing_is_shown_of_a_run_that_told_nothing():
    assert chart_columns(a_run()) == {"step": [], "loss": []}
