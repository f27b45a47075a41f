"""The loop on a small real problem: resume bit for bit, stages, early stopping, cancel, divergence."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from SSLSegmentationLib.contract.config import TrainConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.training.checkpoint import Checkpoint, list_checkpoints, load_checkpoint
from SSLSegmentationLib.learning.training.early_stopping import EarlyStopping
from SSLSegmentationLib.learning.training.loop import LoopSettings, TrainingLoop
from SSLSegmentationLib.learning.training.task import Stage, Validation


class Line:
    """Fits y = 2x − 1 from noisy points that depend on the step alone."""

    images_per_epoch = 64
    score_names = ("slope",)

    def __init__(self, *, poison: int = -1) -> None:
        self.poison = poison

    def example(self, step: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(16, 1, generator=generator)
        y = 2 * x - 1 + 0.1 * torch.randn(16, 1, generator=generator)
        return x, y * float("nan") if step == self.poison else y

    def loss(self, module: nn.Module, example: tuple[Tensor, Tensor]) -> Tensor:
        return (module(example[0]) - example[1]).square().mean()

    def validate(self, module: nn.Module) -> Validation | None:
        x, y = self.example(10_000)
        return Validation(float((module(x) - y).square().mean()), {"slope": float(module(x).std() / x.std())})


class Recorder:
    """Keeps what the loop reports; asks for a cancel after `cancel_at` looks."""

    def __init__(self, cancel_at: int = 10**9) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.looks = 0
        self.cancel_at = cancel_at

    def emit(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def progress(self, step: int, total: int, seconds_left: float, **fields: Any) -> None:
        self.events.append(("progress", {"step": step, "total": total, "seconds_left": seconds_left, **fields}))

    def warn(self, text: str) -> None:
        self.events.append(("warning", {"message": text}))

    def cancel_requested(self) -> bool:
        self.looks += 1
        return self.looks >= self.cancel_at


def metric_rows(folder: Path) -> list[dict[str, str]]:
    """metrics.csv without the seconds, which differ from run to run."""
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as handle:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(handle)]


def cancelled_and_resumed(folder: Path, *, stop: int, **settings: Any) -> dict[str, Tensor]:
    """The weights of a run that was cancelled after step `stop` and resumed."""
    with pytest.raises(SSLSegmentationError) as caught:
        make_loop(folder, recorder=Recorder(cancel_at=stop), **settings).run()
    assert caught.value.code == "job.cancelled"
    checkpoint = load_checkpoint(list_checkpoints(folder / "checkpoint")[-1])
    assert checkpoint is not None
    assert checkpoint.state.step == stop
    resumed = make_loop(folder, **settings)
    resumed.restore(checkpoint)
    return resumed.run()


def make_loop(
    folder: Path,
    *,
    recorder: Recorder | None = None,
    stages: tuple[Stage, ...] = (Stage("train", 1.0, 0.05),),
    stopping: EarlyStopping | None = None,
    task: Line | None = None,
    precision: str = "float32",
    **changes: Any,
) -> TrainingLoop:
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    train = replace(TrainConfig(), **{"max_steps": 40, "validate_every": 10, "checkpoint_every": 7, "averaging": 0.9, **changes})
    settings = LoopSettings(
        train=train,
        batch_size=16,
        stages=stages,
        stopping=stopping,
        device=torch.device("cpu"),
        precision=precision,
        checkpoint_folder=folder / "checkpoint",
        metrics_path=folder / "metrics.csv",
    )
    return TrainingLoop(module=module, task=task or Line(), settings=settings, reporter=recorder or Recorder())


TWO_STAGES = (Stage("frozen", 0.5, 0.05, frozen=("0.",)), Stage("all_weights", 0.5, 0.01))


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("stages", [(Stage("train", 1.0, 0.05),), TWO_STAGES], ids=["one stage", "two stages"])
@pytest.mark.parametrize("stop", [1, 9, 20, 21, 33])
def test_cancelled_and_resumed_run_ends_with_the_unbroken_runs_weights(
    tmp_path: Path, optimiser: str, stages: tuple[Stage, ...], stop: int
) -> None:
    settings: dict[str, Any] = {"stages": stages, "optimiser": optimiser, "beta1": 0.9, "keep": "best"}
    whole = make_loop(tmp_path / "whole", **settings).run()
    weights = cancelled_and_resumed(tmp_path / "broken", stop=stop, **settings)
    assert all(torch.equal(weights[name], value) for name, value in whole.items())
    assert metric_rows(tmp_path / "whole") == metric_rows(tmp_path / "broken")


NEVER_BETTER: dict[str, Any] = {
    "stopping": EarlyStopping(threshold=100.0, patience=2), "validate_every": 5, "max_steps": 1000, "checkpoint_every": 5,
}  # fmt: skip


@pytest.mark.parametrize("stages", [(Stage("train", 1.0, 0.05),), TWO_STAGES], ids=["one stage", "two stages"])
@pytest.mark.parametrize("stop", [4, 5, 10, 14, 15])
def test_run_with_early_stopping_is_the_same_wherever_it_is_cancelled_and_resumed(
    tmp_path: Path, stages: tuple[Stage, ...], stop: int
) -> None:
    whole = make_loop(tmp_path / "whole", stages=stages, **NEVER_BETTER).run()
    for place in (stop,) if len(stages) == 1 else (stop, stop + 15):
        weights = cancelled_and_resumed(tmp_path / f"broken{place}", stop=place, stages=stages, **NEVER_BETTER)
        assert all(torch.equal(weights[name], value) for name, value in whole.items())
        assert metric_rows(tmp_path / "whole") == metric_rows(tmp_path / f"broken{place}")


def newest_checkpoint(folder: Path) -> Checkpoint:
    found = load_checkpoint(list_checkpoints(folder / "checkpoint")[-1])
    assert found is not None
    return found


def test_scaling_of_float16_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.amp, "GradScaler", partial(torch.amp.GradScaler, init_scale=8.0, growth_interval=15))
    whole = make_loop(tmp_path / "whole", precision="float16").run()
    weights = cancelled_and_resumed(tmp_path / "broken", stop=14, precision="float16")
    assert all(torch.equal(weights[name], value) for name, value in whole.items())
    scaling = newest_checkpoint(tmp_path / "whole").group("scaler")
    assert float(scaling["scale"]) == 32.0
    assert {name: float(value) for name, value in scaling.items()} == {
        name: float(value) for name, value in newest_checkpoint(tmp_path / "broken").group("scaler").items()
    }


def test_checkpoint_of_an_earlier_version_has_the_scale_alone(tmp_path: Path) -> None:
    make_loop(tmp_path, precision="float16").run()
    newest = newest_checkpoint(tmp_path)
    others = {name: value for name, value in newest.tensors.items() if not name.startswith("scaler/")}
    resumed = make_loop(tmp_path, precision="float16", max_steps=45)
    resumed.restore(replace(newest, tensors={**others, "scaler/scale": torch.tensor(1024.0)}))
    resumed.run()
    assert float(newest_checkpoint(tmp_path).group("scaler")["scale"]) == 1024.0


@pytest.mark.parametrize("stages", [(Stage("train", 1.0, 0.05),), TWO_STAGES], ids=["one stage", "two stages"])
def test_budget_raised_after_the_last_step_is_used(tmp_path: Path, stages: tuple[Stage, ...]) -> None:
    make_loop(tmp_path, stages=stages).run()
    before = newest_checkpoint(tmp_path).group("averaged")
    raised = make_loop(tmp_path, stages=stages, max_steps=60)
    raised.restore(newest_checkpoint(tmp_path))
    weights = raised.run()
    assert raised.state.step == (60 if len(stages) == 1 else 50)
    assert any(not torch.equal(weights[name], value) for name, value in before.items())
    steps = [int(row["step"]) for row in metric_rows(tmp_path)]
    assert steps == list(range(10, raised.state.step + 1, 10))


def test_run_that_has_stopped_early_does_not_go_on_with_a_larger_budget(tmp_path: Path) -> None:
    make_loop(tmp_path, **NEVER_BETTER).run()
    again = make_loop(tmp_path, **{**NEVER_BETTER, "max_steps": 2000})
    again.restore(newest_checkpoint(tmp_path))
    again.run()
    assert again.state.step == 15


def test_run_killed_while_it_saved_its_end_tells_each_step_once(tmp_path: Path) -> None:
    """The last step is in the metrics already, but not yet in the newest checkpoint."""
    whole = make_loop(tmp_path / "whole").run()
    with pytest.raises(SSLSegmentationError):
        make_loop(tmp_path / "broken", recorder=Recorder(cancel_at=40)).run()
    before_the_end = load_checkpoint(list_checkpoints(tmp_path / "broken" / "checkpoint")[-1])
    assert before_the_end is not None
    for _ in range(2):
        resumed = make_loop(tmp_path / "broken")
        resumed.restore(replace(before_the_end, state=replace(before_the_end.state)))
        weights = resumed.run()
    assert all(torch.equal(weights[name], value) for name, value in whole.items())
    assert metric_rows(tmp_path / "whole") == metric_rows(tmp_path / "broken")


def test_restored_finished_run_gives_its_weights_at_once(tmp_path: Path) -> None:
    whole = make_loop(tmp_path).run()
    checkpoint = load_checkpoint(list_checkpoints(tmp_path / "checkpoint")[-1])
    assert checkpoint is not None
    again = make_loop(tmp_path)
    again.restore(checkpoint)
    weights = again.run()
    assert again.state.step == 40
    assert all(torch.equal(weights[name], value) for name, value in whole.items())


def test_training_fits_the_line(tmp_path: Path) -> None:
    recorder = Recorder()
    make_loop(tmp_path, recorder=recorder, max_steps=300).run()
    losses = [fields["validation_loss"] for event, fields in recorder.events if event == "metric"]
    assert losses[-1] < 0.1 < losses[0]


def test_frozen_weights_do_not_move_in_their_stage_and_move_after_it(tmp_path: Path) -> None:
    loop = make_loop(tmp_path, stages=TWO_STAGES, averaging=0.0)
    before = loop.module[0].weight.detach().clone()  # type: ignore[index, union-attr, operator]  # the one layer of the test
    moved: list[bool] = []
    original = loop.task.example

    def watch(step: int) -> Any:
        if step < 10_000:
            moved.append(not torch.equal(loop.module[0].weight, before))  # type: ignore[index, union-attr, arg-type]  # the one layer of the test
        return original(step)

    loop.task.example = watch  # type: ignore[method-assign]  # watched
    loop.run()
    assert not any(moved[:20])
    assert all(moved[21:])


def test_early_stopping_ends_a_run_whose_loss_no_longer_falls(tmp_path: Path) -> None:
    recorder = Recorder()
    loop = make_loop(tmp_path, recorder=recorder, **NEVER_BETTER)
    loop.run()
    assert loop.state.step == 15
    assert ("phase", {"name": "early_stop", "step": 15, "stage": "train"}) in recorder.events
    rows = metric_rows(tmp_path)
    assert [row["step"] for row in rows] == ["5", "10", "15"]
    assert [fields["step"] for event, fields in recorder.events if event == "metric"] == [5, 10, 15]
    assert all(float(row["loss"]) > 0 for row in rows)


class Scripted(Line):
    """Its validations have the given losses, one after the other; keeps the weights that each one saw."""

    def __init__(self, *losses: float) -> None:
        super().__init__()
        self.losses = list(losses)
        self.seen: list[dict[str, Tensor]] = []

    def validate(self, module: nn.Module) -> Validation | None:
        self.seen.append({name: value.clone() for name, value in module.state_dict().items()})
        return Validation(self.losses[len(self.seen) - 1], {"slope": float(len(self.seen))})


@pytest.mark.parametrize("losses", [(4.0, 1.0, 3.0, 2.0), (4.0, 3.9, 3.8, 3.9), (9.0, 8.0, 7.0, 1.0)])
@pytest.mark.parametrize("stopping", [None, EarlyStopping(threshold=100.0, patience=50)])
def test_best_weights_are_those_of_the_lowest_validation_loss_of_the_whole_run(
    tmp_path: Path, losses: tuple[float, ...], stopping: EarlyStopping | None
) -> None:
    """Also where it came in the first stage, and where it was lower by less than the threshold of early stopping."""
    task = Scripted(*losses)
    loop = make_loop(tmp_path, task=task, stages=TWO_STAGES, stopping=stopping, keep="best")
    kept = loop.run()
    best = losses.index(min(losses))
    assert all(torch.equal(kept[name], value) for name, value in task.seen[best].items())
    assert (loop.state.best_loss, loop.state.best_scores) == (min(losses), {"slope": best + 1.0})


def test_small_falls_of_the_loss_do_not_put_early_stopping_off(tmp_path: Path) -> None:
    task = Scripted(5.0, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4, 4.3)
    loop = make_loop(tmp_path, task=task, stopping=EarlyStopping(threshold=0.5, patience=3), validate_every=5)
    loop.run()
    assert loop.state.step == 20


def test_score_that_could_not_be_had_is_an_empty_cell_and_in_no_event(tmp_path: Path) -> None:
    class Unscored(Line):
        def validate(self, module: nn.Module) -> Validation | None:
            return Validation(1.0, {"slope": float("nan")})

    recorder = Recorder()
    loop = make_loop(tmp_path, recorder=recorder, task=Unscored())
    loop.run()
    assert loop.state.scores == loop.state.best_scores == {}
    assert {row["slope"] for row in metric_rows(tmp_path)} == {""}
    assert not any("slope" in fields for event, fields in recorder.events if event == "metric")


def test_plateau_lowers_the_learning_rate(tmp_path: Path) -> None:
    recorder = Recorder()
    make_loop(tmp_path, recorder=recorder, schedule="plateau", decay=0.5, validate_every=2, patience=2, threshold=0.0).run()
    rates = [fields["learning_rate"] for event, fields in recorder.events if event == "metric"]
    assert rates[-1] < rates[0]


def test_loss_that_is_no_number_stops_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        make_loop(tmp_path, task=Line(poison=12)).run()
    assert caught.value.code == "training.diverged"
    assert "step 13" in caught.value.message
    assert "learning_rate" in caught.value.hint


def test_progress_tells_steps_and_time_left(tmp_path: Path) -> None:
    recorder = Recorder()
    make_loop(tmp_path, recorder=recorder, stages=TWO_STAGES).run()
    progress = [fields for event, fields in recorder.events if event == "progress"]
    assert progress[-1]["share"] == 1
    assert abs(progress[9]["total"] - 40) <= 1
    assert all(fields["seconds_left"] >= 0 for fields in progress)


def test_budget_in_minutes_validates_ten_times_however_short_an_epoch_is(tmp_path: Path) -> None:
    recorder = Recorder()
    make_loop(tmp_path, recorder=recorder, max_steps=None, max_minutes=0.02, validate_every="auto").run()
    metrics = [fields for name, fields in recorder.events if name == "metric"]
    assert 5 <= len(metrics) <= 10
    assert metrics[-1]["step"] > 10 * len(metrics)


def test_budget_in_minutes_ends_the_run(tmp_path: Path) -> None:
    loop = make_loop(tmp_path, max_steps=None, max_minutes=0.01)
    loop.run()
    assert loop.state.step > 0
    assert 0.6 <= loop.state.seconds < 10
