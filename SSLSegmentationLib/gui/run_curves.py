"""The curves of a training, as a plot shows them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Dict, List, Optional

from SSLSegmentationLib.gui.run import DICE_PREFIX, Run, number
from SSLSegmentationLib.gui.texts import _

Values = List[Optional[float]]
STEP, VALIDATION_STEP = "step", "validation step"
# Points of the loss of single steps.
_MOST_POINTS = 500


@dataclass(frozen=True)
class Curves:
    """`columns` of equal length, by names that a legend can show; a curve lies over "step" or over the column that `other_x`
    names for it. `y_title` says what is shown."""

    columns: Dict[str, Values]
    other_x: Dict[str, str]
    y_title: str


def curves_of(run: Run, *, losses: bool = True) -> Optional[Curves]:
    """The Dice scores of validations, and with `losses` the loss of every step and of validations; None while there are
    fewer than two points of each. Where there is no score yet, the loss of the steps is shown in any case."""
    validations = _validations(run, losses=losses)
    points = run.losses[:: max(1, len(run.losses) // _MOST_POINTS)] if losses or not validations else []
    columns: Dict[str, Values] = {}
    if len(points) > 1:
        columns = {STEP: [float(step) for step, _loss in points], _("loss"): [loss for _step, loss in points]}
    y_title = _y_title(dice="dice" in validations, loss=bool(columns) or "validation_loss" in validations)
    x = VALIDATION_STEP if columns else STEP
    columns.update({x if name == STEP else curve_title(name): values for name, values in validations.items()})
    rows = list(zip_longest(*columns.values()))
    equal = {name: [row[number] for row in rows] for number, name in enumerate(columns)}
    other_x = {curve_title(name): x for name in validations if STEP not in (name, x)}
    return Curves(equal, other_x, y_title) if equal else None


def curve_title(name: str) -> str:
    """A column of validation as a legend names it."""
    titles = {"validation_loss": _("loss (validation)"), "dice": _("Dice (mean)")}
    return titles.get(name) or _("Dice {tissue}").format(tissue=name[len(DICE_PREFIX) :])


def _validations(run: Run, *, losses: bool) -> Dict[str, Values]:
    """Columns of validation: "step", the loss where `losses`, and every Dice score; empty while there are fewer than two rows.

    A score that a row lacks is None.
    """
    if len(run.metrics) < 2:
        return {}
    names = dict.fromkeys(name for row in run.metrics for name in row)
    shown = [name for name in names if name.startswith("dice") or (losses and name == "validation_loss")]
    return {name: [number(row.get(name)) for row in run.metrics] for name in [STEP, *shown]} if shown else {}


def _y_title(*, dice: bool, loss: bool) -> str:
    if dice and loss:
        return _("Dice and loss")
    return _("Dice") if dice else _("loss")
