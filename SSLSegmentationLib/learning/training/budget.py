"""How long a stage of a run lasts: steps, epochs or minutes, whichever ends first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from SSLSegmentationLib.contract.config import TrainConfig

# What a run gets whose config names no budget.
DEFAULT_EPOCHS = 100


@dataclass(frozen=True)
class Budget:
    """Limits of one stage; infinite where there is none. `steps_per_epoch` turns epochs into steps."""

    steps: float
    seconds: float
    steps_per_epoch: int

    def share_done(self, *, step: int, seconds: float) -> float:
        """0 at the start, 1 when the stage is over."""
        return min(1.0, max(step / self.steps, seconds / self.seconds))

    def seconds_left(self, *, step: int, seconds: float) -> float:
        """Estimate from the speed so far; never more than the time limit leaves."""
        left = self.seconds - seconds
        if step and math.isfinite(self.steps):
            left = min(left, (self.steps - step) * seconds / step)
        return max(0.0, left)


def plan_budget(train: TrainConfig, *, images_per_epoch: int, batch_size: int, share: float = 1.0) -> Budget:
    """The budget of a stage that may use `share` of the run's."""
    steps_per_epoch = max(1, math.ceil(images_per_epoch / batch_size))
    limits = [math.inf]
    if train.max_steps is not None:
        limits.append(train.max_steps)
    if train.max_epochs is not None:
        limits.append(train.max_epochs * steps_per_epoch)
    if len(limits) == 1 and train.max_minutes is None:
        limits.append(DEFAULT_EPOCHS * steps_per_epoch)
    steps = min(limits)
    seconds = math.inf if train.max_minutes is None else train.max_minutes * 60 * share
    return Budget(steps if math.isinf(steps) else max(1, round(steps * share)), seconds, steps_per_epoch)
