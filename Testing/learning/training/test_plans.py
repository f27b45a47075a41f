"""Budgets, schedules, averaging and early stopping: what is decided before and between steps."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from SSLSegmentationLib.contract.config import Config, TrainConfig
from SSLSegmentationLib.learning.training.averaging import AveragedWeights
from SSLSegmentationLib.learning.training.budget import DEFAULT_EPOCHS, plan_budget
from SSLSegmentationLib.learning.training.early_stopping import stopping_of_finetuning, stopping_of_pretraining
from SSLSegmentationLib.learning.training.schedule import learning_rate


def train(**changes: object) -> TrainConfig:
    return replace(TrainConfig(), **changes)  # type: ignore[arg-type]  # settings by name


def test_first_limit_that_is_reached_ends_the_budget() -> None:
    budget = plan_budget(train(max_steps=100, max_minutes=1.0), images_per_epoch=50, batch_size=10)
    assert budget.share_done(step=50, seconds=3) == 0.5
    assert budget.share_done(step=1, seconds=45) == 0.75
    assert budget.share_done(step=100, seconds=0) == 1


def test_epochs_become_steps() -> None:
    assert plan_budget(train(max_epochs=3), images_per_epoch=21, batch_size=10).steps == 9


def test_run_without_a_budget_gets_the_default_epochs() -> None:
    assert plan_budget(train(), images_per_epoch=20, batch_size=10).steps == 2 * DEFAULT_EPOCHS


def test_minutes_alone_leave_steps_unlimited() -> None:
    budget = plan_budget(train(max_minutes=2.0), images_per_epoch=20, batch_size=10, share=0.25)
    assert math.isinf(budget.steps)
    assert budget.seconds == 30
    assert budget.seconds_left(step=10, seconds=10) == 20


def test_time_left_follows_the_speed_so_far() -> None:
    budget = plan_budget(train(max_steps=100), images_per_epoch=20, batch_size=10)
    assert budget.seconds_left(step=25, seconds=5) == pytest.approx(15)


def rate(settings: TrainConfig, **where: float) -> float:
    facts = {"share_done": 0.5, "epoch": 0, "plateaus": 0, **where}
    return learning_rate(
        settings, first=1.0, share_done=facts["share_done"], epoch=int(facts["epoch"]), plateaus=int(facts["plateaus"])
    )


def test_cosine_schedule_ends_at_the_floor() -> None:
    settings = train(schedule="cosine", learning_rate_floor=1e-3)
    assert rate(settings, share_done=0.5) == pytest.approx(0.5)
    assert rate(settings, share_done=1.0) == 1e-3


def test_exponential_schedule_is_that_of_the_paper() -> None:
    settings = train(schedule="exponential", decay=0.9, decay_epochs=2, learning_rate_floor=1e-8)
    assert [rate(settings, epoch=epoch) for epoch in (0, 1, 2, 5)] == pytest.approx([1, 1, 0.9, 0.81])
    assert rate(settings, epoch=5000) == 1e-8


def test_plateau_schedule_falls_with_each_plateau() -> None:
    assert rate(train(schedule="plateau", decay=0.5), plateaus=3) == 0.125


def test_learning_rate_rises_during_warm_up() -> None:
    settings = train(schedule="constant", warmup_share=0.1)
    assert rate(settings, share_done=0.05) == pytest.approx(0.5)
    assert rate(settings, share_done=0.2) == 1
    assert rate(settings, share_done=0.0) > 0


def test_averaged_weights_without_decay_follow_the_module() -> None:
    module = torch.nn.Linear(2, 2)
    averaged = AveragedWeights(module, decay=0.0)
    with torch.no_grad():
        module.weight.add_(1)
    averaged.update(module, step=5)
    assert torch.equal(averaged.state["weight"], module.weight)


def test_averaged_weights_lag_behind_the_module() -> None:
    module = torch.nn.BatchNorm1d(2)
    averaged = AveragedWeights(module, decay=0.999)
    with torch.no_grad():
        module.weight.fill_(2.0)
        module.num_batches_tracked.fill_(7)
    averaged.update(module, step=10_000)
    assert torch.allclose(averaged.state["weight"], torch.tensor(1.001))
    assert int(averaged.state["num_batches_tracked"]) == 7


def test_pretraining_threshold_scales_with_the_area() -> None:
    config = Config()
    assert stopping_of_pretraining(config, training_shape=(512, 512)) is None
    config = replace(config, pretext=replace(config.pretext, early_stopping=True))
    full, quarter = (stopping_of_pretraining(config, training_shape=shape) for shape in ((512, 512), (256, 256)))
    assert full is not None
    assert quarter is not None
    assert (full.threshold, full.patience, quarter.threshold) == (50, 4, 12.5)


def test_fine_tuning_stops_by_the_train_section() -> None:
    assert stopping_of_finetuning(Config()) is None
    rule = stopping_of_finetuning(replace(Config(), train=train(early_stopping=True)))
    assert rule is not None
    assert (rule.threshold, rule.patience) == (1e-3, 10)
