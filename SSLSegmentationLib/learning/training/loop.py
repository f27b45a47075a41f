"""The one training loop: stages, schedule, averaged weights, validation, checkpoints, cancel and resume."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.config import TrainConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.precision import computing_in
from SSLSegmentationLib.learning.training.averaging import AveragedWeights
from SSLSegmentationLib.learning.training.budget import Budget, plan_budget
from SSLSegmentationLib.learning.training.checkpoint import Checkpoint, restore_network, save_checkpoint
from SSLSegmentationLib.learning.training.early_stopping import EarlyStopping
from SSLSegmentationLib.learning.training.metrics import MetricsFile
from SSLSegmentationLib.learning.training.optimiser import build_optimiser, optimiser_tensors, restore_optimiser
from SSLSegmentationLib.learning.training.schedule import learning_rate
from SSLSegmentationLib.learning.training.state import TrainingState, known_scores
from SSLSegmentationLib.learning.training.task import Stage, TrainingTask, Validation

VALIDATIONS_PER_STAGE = 10
# A kill costs no more work than this.
CHECKPOINT_SECONDS = 300.0


class Reporter(Protocol):
    """What the loop tells the job it runs in, and asks of it."""

    def emit(self, event: str, **fields: Any) -> None: ...

    def progress(self, step: int, total: int, seconds_left: float, **fields: Any) -> None: ...

    def warn(self, text: str) -> None: ...

    def cancel_requested(self) -> bool: ...


@dataclass(frozen=True)
class LoopSettings:
    """What a run is trained with: the config's section, its batch size, stages, device, precision and folders."""

    train: TrainConfig
    batch_size: int
    stages: Sequence[Stage]
    stopping: EarlyStopping | None
    device: torch.device
    precision: str
    checkpoint_folder: Path
    metrics_path: Path


class TrainingLoop:
    """Trains `module` on `task`. Same settings, seed and thread count give the same weights, also after a resume."""

    def __init__(self, *, module: nn.Module, task: TrainingTask, settings: LoopSettings, reporter: Reporter) -> None:
        self.module = module.to(settings.device)
        self.task = task
        self.settings = settings
        self.reporter = reporter
        self.state = TrainingState()
        self.averaged = AveragedWeights(module, decay=settings.train.averaging)
        self.best: dict[str, Tensor] = {}
        self._scaler = torch.amp.GradScaler(settings.device.type, enabled=settings.precision == "float16")
        self._begin_stage(0)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to a checkpoint of the same run. Raises `config.conflict` where the network is another one."""
        self.state = checkpoint.state
        last = len(self.settings.stages) - 1
        self._prepare_stage(min(self.state.stage, last))
        restore_network(self.module, checkpoint)
        self.averaged.state = {name: value.to(self.settings.device) for name, value in checkpoint.group("averaged").items()}
        self.best = {name: value.to(self.settings.device) for name, value in checkpoint.group("best").items()}
        restore_optimiser(self.optimiser, checkpoint.group("optimiser"))
        if scaling := checkpoint.group("scaler"):
            facts = {name: value.item() for name, value in scaling.items()}
            self._scaler.load_state_dict({**self._scaler.state_dict(), **facts})
        # A stage that had ended goes on where its budget was raised since. Older checkpoints do not tell its steps.
        if self.state.stage > last and self.state.stage_step and not self._stage_over():
            self.state.stage = last

    def run(self) -> dict[str, Tensor]:
        """Trains to the end and returns the weights to keep. Raises `job.cancelled` after writing a checkpoint."""
        self.metrics = MetricsFile(self.settings.metrics_path, scores=self.task.score_names, last_step=self.state.reported_step)
        while self.state.stage < len(self.settings.stages):
            self._run_stage()
            if self._stopped():
                # The validation that stopped the stage has been reported.
                self.reporter.emit("phase", name="early_stop", step=self.state.step, stage=self._stage.name)
            else:
                self._report(self._validated())
            if self.state.stage + 1 < len(self.settings.stages):
                self._begin_stage(self.state.stage + 1)
            else:
                # Its steps stay known, for a budget that is raised later.
                self.state.stage += 1
            self._save()
        return self._kept()

    def _run_stage(self) -> None:
        last_tick = time.monotonic()
        while not self._stage_over():
            loss = self._step()
            now = time.monotonic()
            self.state.seconds += now - last_tick
            self.state.stage_seconds += now - last_tick
            last_tick = now
            self._progress(loss)
            due = self._validation_due()
            # The end of the stage validates and saves by itself.
            if due and not self._budget_spent():
                self._report(self._validated())
            if self._checkpoint_due(validation_due=due) and not self._stage_over():
                self._save()
            if self.reporter.cancel_requested():
                self._save()
                raise SSLSegmentationError("job.cancelled", f"The run was cancelled at step {self.state.step}.")

    def _step(self) -> Tensor:
        train, state = self.settings.train, self.state
        share = self._budget.share_done(step=state.stage_step, seconds=state.stage_seconds)
        epoch = state.stage_step // self._budget.steps_per_epoch
        state.learning_rate = learning_rate(
            train, first=self._stage.learning_rate, share_done=share, epoch=epoch, plateaus=state.plateaus
        )
        for group in self.optimiser.param_groups:
            group["lr"] = state.learning_rate
        example = self.task.example(state.step)
        with computing_in(self.settings.precision, self.settings.device):
            loss = self.task.loss(self.module, example)
        self.optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        if train.gradient_clip:
            self._scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_([p for p in self.module.parameters() if p.requires_grad], train.gradient_clip)
        self._scaler.step(self.optimiser)
        self._scaler.update()
        state.step += 1
        state.stage_step += 1
        self.averaged.update(self.module, step=state.step)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise SSLSegmentationError(
                "training.diverged",
                f"The loss became {value} at step {state.step}.",
                hint=f"Lower train.learning_rate (now {train.learning_rate:g}) or set train.precision to float32.",
            )
        state.add_loss(value)
        return loss

    def _validated(self) -> Validation | None:
        """Validation of the averaged weights (the trained ones where there is no averaging)."""
        trained = {name: value.detach().clone() for name, value in self.module.state_dict().items()}
        self.module.load_state_dict(self.averaged.state)
        self.module.eval()
        with torch.inference_mode(), computing_in(self.settings.precision, self.settings.device):
            result = self.task.validate(self.module)
        self.module.train()
        self.module.load_state_dict(trained)
        return result

    def _report(self, validation: Validation | None) -> None:
        """Writes metrics and judges the validation."""
        state = self.state
        row: dict[str, object] = {
            "step": state.step,
            "epoch": state.step // self._budget.steps_per_epoch,
            "stage": self._stage.name,
            "seconds": round(state.seconds, 1),
            "learning_rate": state.learning_rate,
            "loss": state.take_mean_loss(),
        }
        if validation is not None:
            state.scores = known_scores(validation.scores)
            row.update(state.scores)
            row["validation_loss"] = validation.loss
            self._keep_best(validation.loss)
            self._count_without_better(validation.loss)
        self.metrics.append(row)
        self.reporter.emit("metric", **row)

    def _keep_best(self, loss: float) -> None:
        """Keeps scores and weights of the lowest validation loss of the whole run."""
        state = self.state
        if not _is_lower(loss, state.best_loss):
            return
        state.best_loss, state.best_step, state.best_scores = loss, state.step, dict(state.scores)
        if self.settings.train.keep == "best":
            self.best = {name: value.clone() for name, value in self.averaged.state.items()}

    def _count_without_better(self, loss: float) -> None:
        """Counts the stage's validations since the last better one, for early stopping and the plateau schedule."""
        state, stopping = self.state, self.settings.stopping
        if _is_lower(loss, state.reference_loss, by=stopping.threshold if stopping else 0.0):
            state.reference_loss, state.validations_without_better = loss, 0
            return
        state.validations_without_better += 1
        patience = stopping.patience if stopping else self.settings.train.patience
        if self.settings.train.schedule == "plateau" and state.validations_without_better % max(1, patience // 2) == 0:
            state.plateaus += 1

    def _progress(self, loss: Tensor) -> None:
        state, stages = self.state, self.settings.stages
        left = self._budget.seconds_left(step=state.stage_step, seconds=state.stage_seconds)
        later = sum(stage.share for stage in stages[state.stage + 1 :])
        done = self._budget.share_done(step=state.stage_step, seconds=state.stage_seconds)
        if later and done:
            left += state.stage_seconds / done * later / self._stage.share
        earlier = sum(stage.share for stage in stages[: state.stage])
        share = earlier + done * self._stage.share
        total = round(state.step / share) if share else state.step
        self.reporter.progress(
            state.step, total, left, share=round(share, 4), stage=self._stage.name, loss=round(float(loss.detach()), 5)
        )

    def _stage_over(self) -> bool:
        return self._budget_spent() or self._stopped()

    def _budget_spent(self) -> bool:
        return self._budget.share_done(step=self.state.stage_step, seconds=self.state.stage_seconds) >= 1

    def _stopped(self) -> bool:
        """Whether early stopping has ended the stage; read from the state, so that a resumed run knows it too."""
        stopping = self.settings.stopping
        return stopping is not None and self.state.validations_without_better >= stopping.patience

    def _begin_stage(self, number: int) -> None:
        self.state.begin_stage(number)
        self._prepare_stage(number)

    def _prepare_stage(self, number: int) -> None:
        self._stage = self.settings.stages[number]
        self._budget: Budget = plan_budget(
            self.settings.train,
            images_per_epoch=self.task.images_per_epoch,
            batch_size=self.settings.batch_size,
            share=self._stage.share,
        )
        self.optimiser = build_optimiser(self.module, self.settings.train, frozen=self._stage.frozen)
        self._validations_due = self._validations_so_far()
        self._last_save = time.monotonic()

    def _validations_so_far(self) -> int:
        """How many validations were due in this stage up to now."""
        every, state, budget = self.settings.train.validate_every, self.state, self._budget
        if isinstance(every, int):
            return state.stage_step // every
        if every == "epoch":
            return state.stage_step // budget.steps_per_epoch
        if math.isinf(budget.steps):
            share = budget.share_done(step=state.stage_step, seconds=state.stage_seconds)
            return int(share * VALIDATIONS_PER_STAGE)
        return state.stage_step // max(1, math.ceil(budget.steps / VALIDATIONS_PER_STAGE))

    def _validation_due(self) -> bool:
        before, self._validations_due = self._validations_due, self._validations_so_far()
        return self._validations_due > before

    def _checkpoint_due(self, *, validation_due: bool) -> bool:
        every = self.settings.train.checkpoint_every
        if isinstance(every, int):
            return self.state.stage_step % every == 0
        return validation_due or time.monotonic() - self._last_save > CHECKPOINT_SECONDS

    def _save(self) -> None:
        self._last_save = time.monotonic()
        groups: Mapping[str, Mapping[str, Tensor]] = {
            "network": self.module.state_dict(),
            "averaged": self.averaged.state,
            "best": self.best,
            "optimiser": optimiser_tensors(self.optimiser),
            # Empty but in float16.
            "scaler": {name: torch.tensor(value) for name, value in self._scaler.state_dict().items()},
        }
        tensors = {f"{group}/{name}": value for group, values in groups.items() for name, value in values.items()}
        path = save_checkpoint(self.settings.checkpoint_folder, Checkpoint(tensors, self.state))
        self.reporter.emit("artifact", kind="checkpoint", path=f"checkpoint/{path.name}", step=self.state.step)

    def _kept(self) -> dict[str, Tensor]:
        kept = self.best if self.settings.train.keep == "best" and self.best else self.averaged.state
        return {name: value.detach().cpu().clone() for name, value in kept.items()}


def _is_lower(loss: float, than: float | None, *, by: float = 0.0) -> bool:
    """Whether a validation loss beats an earlier one (None: the first); one that is no number never does."""
    return math.isfinite(loss) and (than is None or loss < than - by)
