"""Where a run stands: everything that a resumed run needs beside weights and optimiser."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass
class TrainingState:
    """Steps and seconds of the whole run and of the stage, early stopping, and the running mean of the loss."""

    step: int = 0
    seconds: float = 0.0
    stage: int = 0
    stage_step: int = 0
    stage_seconds: float = 0.0
    best_loss: float | None = None
    best_step: int = 0
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
        self.best_loss = None
        self.validations_without_better = 0
        self.plateaus = 0

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
        return cls(**json.loads(text))
