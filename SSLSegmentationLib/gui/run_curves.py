"""The curves of a training as columns for a plot."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from SSLSegmentationLib.gui.run import DICE_PREFIX, Run, number
from SSLSegmentationLib.gui.texts import _

STEP = "step"
# Points of the loss of single steps, where there are no validations yet.
_MOST_POINTS = 500


def curves(run: Run) -> Dict[str, List[Any]]:
    """Columns of validation: step, loss, validation_loss and every Dice score; None where a row lacks one."""
    names: List[str] = []
    for row in run.metrics:
        names += [name for name in row if (name.startswith("dice") or name.endswith("loss")) and name not in names]
    steps = [number(row.get(STEP)) for row in run.metrics]
    return {STEP: steps, **{name: [number(row.get(name)) for row in run.metrics] for name in names}}


def chart_columns(run: Run, *, losses: bool = True) -> Dict[str, List[Optional[float]]]:
    """The Dice scores, and the losses where `losses`, over "step", under names that a legend can show.

    Before the second validation, the loss of the training steps. Fewer than two points: there is nothing to show yet.
    """
    found = curves(run)
    shown = [name for name in found if name.startswith("dice") or (losses and name.endswith("loss"))]
    if len(found[STEP]) >= 2 and shown:
        return {STEP: found[STEP], **{curve_title(name): found[name] for name in shown}}
    points = run.losses[:: max(1, len(run.losses) // _MOST_POINTS)]
    return {STEP: [float(step) for step, _loss in points], _("loss"): [loss for _step, loss in points]}


def curve_title(name: str) -> str:
    """A column of validation as a legend names it."""
    titles = {"loss": _("loss"), "validation_loss": _("loss (validation)"), "dice": _("Dice (mean)")}
    return titles.get(name) or _("Dice {tissue}").format(tissue=name[len(DICE_PREFIX) :])
