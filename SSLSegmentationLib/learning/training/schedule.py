"""The learning rate of a step: a pure function of where the stage stands."""

from __future__ import annotations

import math

from SSLSegmentationLib.contract.config import TrainConfig


def learning_rate(train: TrainConfig, *, first: float, share_done: float, epoch: int, plateaus: int) -> float:
    """Learning rate after `share_done` of the budget and `epoch` whole epochs, `plateaus` times reduced, first rate `first`.

    The exponential schedule is that of methods A: × decay every decay_epochs epochs, down to a floor.
    """
    if train.schedule == "cosine":
        rate = first * 0.5 * (1 + math.cos(math.pi * share_done))
    elif train.schedule == "exponential":
        rate = first * train.decay ** (epoch // train.decay_epochs)
    elif train.schedule == "plateau":
        rate = first * train.decay**plateaus
    else:
        rate = first
    if share_done < train.warmup_share:
        rate *= max(share_done / train.warmup_share, 0.01)
    return max(rate, train.learning_rate_floor)
