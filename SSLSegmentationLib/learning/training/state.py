"""Where a run stands: everything that a resumed run needs beside weights and optimiser."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass
class TrainingState:
    """Steps and seconds of the whole run and of the stage, the best validation, early stopping, and the loss's running mean.

    `best_loss`, `best_step` and `best_scores` are those of the lowest validation loss of the whole run; `reference_loss` is
    what the stage's next validation must beat by early stopping's threshold.
    """

    step: int = 0
    seconds: float = 0.0
    stage: int = 0
    stage_step: int = 0
    stage_seconds: float = 0.0
    best_loss: float | None = None
    best_step: int = 0
    reference_loss: float | None = None
    validations_without_better: int = 0
    plateaus: int = 0
    learning_rate: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    best_scores: dict[str, float] = field(default_factory=dict)

    def begin_stage(self, stage: int) -> None:
        """Starts a stage: its own clock and early stopping."""
        self.stage = stage
        self.stage_step = 0
        self.stage_seconds = 0.0
        self.reference_loss = None
        self.validations_without_better = 0
        self.plateaus = 0

    @property
    def reported_step(self) -> int:
        """The last step that a report can have told: as long as losses wait for a report, it is not this one."""
        return self.step - 1 if self.loss_count else self.step

    def add_loss(self, loss: float) -> None:
        self.loss_sum += loss
        self.loss_count += 1

    def take_mean_loss(self) -> float:
        """Mean loss since the last call."""
        mean = self.loss_sum / max(1, self.loss_count)
        self.loss_sum, self.loss_count = 0.0, 0
        return mean

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> TrainingState:
        state = cls(**json.loads(text))
        state.scores, state.best_scores = known_scores(state.scores), known_scores(state.best_scores)
        return state


def known_scores(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores without those that could not be had (NaN: no validation case has the tissue)."""
    return {name: value for name, value in scores.items() if math.isfinite(value)}
