"""The preprocessing of a model card, checked against its network; needs no torch."""

from __future__ import annotations

import math

from SSLSegmentationLib.contract.config.fields import infos
from SSLSegmentationLib.contract.config.sections import PreprocessConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import SEGMENTATION, ModelCard
from SSLSegmentationLib.imaging.familiarity import are_ranges
from SSLSegmentationLib.imaging.preprocess.orientation import SLICE_AXES
from SSLSegmentationLib.imaging.preprocess.plan import PreprocessPlan

NORMALISATIONS = ("zscore", "ct_windows")


def read_plan(card: ModelCard, *, source: str) -> PreprocessPlan:
    """The plan of a segmentation model; `source` names the model in messages.

    Raises `model.incompatible` for a model of another task, `model.invalid` where the plan is not sound or does not fit
    the network.
    """
    if card.task != SEGMENTATION:
        raise SSLSegmentationError(
            "model.incompatible",
            f"The model {source} was trained for '{card.task}' and does not segment.",
            hint="Fine-tune it first: sslseg finetune CONFIG --job DIR --pretrained MODEL.",
        )
    try:
        plan = PreprocessPlan.from_dict(card.preprocessing)
        fault = _fault(plan, card)
        if not are_ranges(card.intensity, channels=len(card.channels)):
            fault = fault or "'intensity' does not hold the ranges of its training scans"
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        fault = f"it can't be read ({type(error).__name__}: {error})"
    if fault:
        raise SSLSegmentationError("model.invalid", f"The preprocessing of the model {source} is not sound: {fault}.")
    return plan


def _fault(plan: PreprocessPlan, card: ModelCard) -> str:
    limits = infos(PreprocessConfig)["spacing"]
    if plan.normalisation not in NORMALISATIONS:
        return f"there is no normalisation '{plan.normalisation}'"
    if plan.slice_axis not in SLICE_AXES:
        return f"there is no slice axis '{plan.slice_axis}'"
    if plan.spacing is not None and not all((limits.low or 0) <= value <= (limits.high or math.inf) for value in plan.spacing):
        return "its spacing is out of range"
    if not all(math.isfinite(level) and 0 < width < math.inf for width, level in plan.windows):
        return "its CT windows are out of range"
    if plan.channels != len(card.channels):
        return f"it takes {plan.channels} scans, but the model names {len(card.channels)}"
    neighbours = plan.neighbour_slices if card.network["dims"] == 2 else 0
    inputs = plan.prepared_channels * (2 * neighbours + 1)
    if neighbours < 0 or inputs != card.network["in_channels"]:
        return f"it makes {inputs} channels, but the network takes {card.network['in_channels']}"
    return ""
