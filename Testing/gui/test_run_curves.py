"""The curves that a plot of a training shows."""

from __future__ import annotations

from types import SimpleNamespace

from SSLSegmentationLib.gui.run_curves import curves_of

LOSSES = [(step, 1 / step) for step in range(1, 2001)]


def a_run(*metrics, losses=()):
    return SimpleNamespace(metrics=list(metrics), losses=list(losses))


def row(step, **more):
    return {"step": step, "loss": 1.0, "validation_loss": 0.9, "dice": 0.1 * step, "dice_Körper": 0.2, "seconds": 3, **more}


def test_before_the_second_validation_the_loss_of_the_steps_is_shown():
    for losses in (True, False):
        curves = curves_of(a_run(row(5), losses=LOSSES), losses=losses)
        assert list(curves.columns) == ["step", "loss"]
        assert 500 <= len(curves.columns["step"]) <= 1000
        assert curves.columns["step"][0] == 1.0
        assert curves.y_title == "loss"


def test_the_loss_of_the_steps_goes_on_beside_that_of_validations():
    rows = [{"step": step, "loss": 1.0, "validation_loss": 0.5} for step in (100, 200)]
    before = curves_of(a_run(*rows, losses=LOSSES[:300]))
    after = curves_of(a_run(*rows, losses=LOSSES[:400]))
    assert list(after.columns) == ["step", "loss", "validation step", "loss (validation)"]
    assert after.other_x == {"loss (validation)": "validation step"}
    assert after.columns["validation step"][:3] == [100.0, 200.0, None]
    assert (max(before.columns["step"]), max(after.columns["step"])) == (300.0, 400.0)
    assert len({len(column) for column in after.columns.values()}) == 1
    assert after.y_title == "loss"


def test_scores_join_the_losses_by_readable_names_or_stand_alone():
    run = a_run(row(1), row(2), losses=LOSSES[:5])
    both = curves_of(run)
    assert list(both.columns) == ["step", "loss", "validation step", "loss (validation)", "Dice (mean)", "Dice Körper"]
    assert set(both.other_x) == {"loss (validation)", "Dice (mean)", "Dice Körper"}
    assert both.y_title == "Dice and loss"
    alone = curves_of(run, losses=False)
    assert alone.columns == {"step": [1.0, 2.0], "Dice (mean)": [0.1, 0.2], "Dice Körper": [0.2, 0.2]}
    assert (alone.other_x, alone.y_title) == ({}, "Dice")


def test_without_losses_of_steps_the_validations_are_shown():
    curves = curves_of(a_run(row(1), row(2)))
    assert list(curves.columns) == ["step", "loss (validation)", "Dice (mean)", "Dice Körper"]
    assert curves.other_x == {}


def test_a_score_that_a_row_lacks_is_a_gap():
    run = a_run({"step": 1, "dice": 0.5}, {"step": 2, "dice": None, "dice_a": 0.25}, {"step": 3, "dice": "high"})
    curves = curves_of(run, losses=False)
    assert curves.columns == {"step": [1.0, 2.0, 3.0], "Dice (mean)": [0.5, None, None], "Dice a": [None, 0.25, None]}


def test_nothing_is_shown_of_a_run_that_told_nothing():
    assert curves_of(a_run()) is None
    assert curves_of(a_run(row(1), losses=LOSSES[:1])) is None
