"""What the one training loop asks of a task, be it a pretext task or fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Validation:
    """Loss and named scores of the validation cases; NaN where a score can't be had."""

    loss: float
    scores: Mapping[str, float] = field(default_factory=dict)


class TrainingTask(Protocol):
    """The three questions, and the validation."""

    @property
    def images_per_epoch(self) -> int:
        """Images that make an epoch."""
        ...

    @property
    def score_names(self) -> tuple[str, ...]:
        """Names of the validation's scores."""
        ...

    def example(self, step: int) -> Any:
        """Which batch, and what is done to it: the example of training step `step`, a function of the step alone."""
        ...

    def loss(self, module: nn.Module, example: Any) -> Tensor:
        """What the loss is: a scalar."""
        ...

    def validate(self, module: nn.Module) -> Validation | None:
        """Loss and scores on the validation cases, without gradients; None where there are none."""
        ...


@dataclass(frozen=True)
class Stage:
    """One part of a run: its share of the budget, its first learning rate, and which parameters rest (by prefix)."""

    name: str
    share: float
    learning_rate: float
    frozen: tuple[str, ...] = ()
