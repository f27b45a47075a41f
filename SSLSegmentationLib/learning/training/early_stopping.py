"""When a run stops because its validation loss no longer falls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from SSLSegmentationLib.contract.config import Config

# The papers' threshold of 50 holds for images of this many pixels.
THRESHOLD_PIXELS = 512 * 512


@dataclass(frozen=True)
class EarlyStopping:
    """`patience` validations whose loss is not lower by `threshold` than the best one end the stage."""

    threshold: float
    patience: int


def stopping_of_pretraining(config: Config, *, training_shape: tuple[int, ...]) -> EarlyStopping | None:
    """The pretext section's rule; its threshold scales with the image's area (methods A)."""
    if not config.pretext.early_stopping:
        return None
    return EarlyStopping(config.pretext.threshold * math.prod(training_shape) / THRESHOLD_PIXELS, config.pretext.patience)


def stopping_of_finetuning(config: Config) -> EarlyStopping | None:
    """The train section's rule."""
    return EarlyStopping(config.train.threshold, config.train.patience) if config.train.early_stopping else None
