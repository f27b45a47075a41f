"""Context prediction and restoration on tensors agree with their numpy definitions, and learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.corruption import CORRUPTIONS
from SSLSegmentationLib.learning.pretext import TASKS, descriptions


def config(**changes: object) -> Config:
    settings: dict[str, object] = {"patch_size": 4, "mask_pool": 10, **changes}
    return replace(Config(), pretext=replace(Config().pretext, **settings))  # type: ignore[arg-type]  # settings by name


@pytest.mark.parametrize("sampling", ["random", "poisson_disc"])
@pytest.mark.parametrize("shape", [(32, 32), (24, 40), (16, 16, 16), (8, 16, 24)])
@pytest.mark.parametrize("name", ["context_prediction", "context_restoration"])
def test_batched_corruption_equals_the_definition_in_numpy(name: str, shape: tuple[int, ...], sampling: str) -> None:
    task = TASKS[name]
    prepared = task.prepare(config(sampling=sampling), shape=shape)
    rng = np.random.default_rng(7)
    images = rng.normal(size=(6, 2, *shape)).astype(np.float32)
    draw = task.draw(prepared, rng, 6)
    corrupted = task.corrupt(torch.from_numpy(images), prepared, draw).numpy()
    assert np.array_equal(corrupted, CORRUPTIONS[name](images, prepared, draw))
    assert not np.array_equal(corrupted, images)


def test_corruption_is_the_same_in_all_channels() -> None:
    task = TASKS["context_restoration"]
    prepared = task.prepare(config(), shape=(32, 32))
    images = torch.randn(3, 1, 32, 32).expand(-1, 3, -1, -1)
    corrupted = task.corrupt(images, prepared, task.draw(prepared, np.random.default_rng(0), 3))
    assert torch.equal(corrupted[:, 0], corrupted[:, 2])


def test_corruption_leaves_its_input_alone() -> None:
    task = TASKS["context_prediction"]
    prepared = task.prepare(config(), shape=(32, 32))
    images = torch.randn(3, 1, 32, 32)
    before = images.clone()
    task.corrupt(images, prepared, task.draw(prepared, np.random.default_rng(0), 3))
    assert torch.equal(images, before)


def test_prediction_blanks_at_least_the_wanted_area() -> None:
    task = TASKS["context_prediction"]
    prepared = task.prepare(config(corrupted_area=0.25), shape=(48, 48))
    corrupted = task.corrupt(torch.ones(8, 1, 48, 48), prepared, task.draw(prepared, np.random.default_rng(0), 8))
    share = (corrupted == 0).float().mean((1, 2, 3))
    assert bool((share >= 0.25).all())
    assert bool((share <= 0.25 + 16 / 48**2).all())


def test_restoration_only_moves_voxels() -> None:
    task = TASKS["context_restoration"]
    prepared = task.prepare(config(), shape=(32, 32))
    images = torch.randn(4, 1, 32, 32)
    corrupted = task.corrupt(images, prepared, task.draw(prepared, np.random.default_rng(0), 4))
    assert torch.equal(corrupted.flatten(1).sort(1).values, images.flatten(1).sort(1).values)
    assert 0.2 < task.report(prepared)["displaced_area"] <= task.report(prepared)["corrupted_area"] < 0.4


def test_automatic_patch_size_is_the_largest_that_reaches_the_area() -> None:
    task = TASKS["context_restoration"]
    assert task.prepare(config(patch_size="auto"), shape=(56, 40)).patch_size == 16
    with pytest.raises(SSLSegmentationError, match="cannot cover"):
        task.prepare(config(patch_size=32), shape=(56, 40))


def test_a_pool_without_pairs_cannot_be_swapped() -> None:
    blanking, swapping = TASKS["context_prediction"], TASKS["context_restoration"]
    prepared = blanking.prepare(config(), shape=(32, 32))
    with pytest.raises(ValueError, match="pairs"):
        swapping.corrupt(torch.zeros(1, 1, 32, 32), prepared, prepared.draw(np.random.default_rng(0), 1))


@pytest.mark.parametrize("name", ["context_prediction", "context_restoration"])
def test_automatic_patch_size_that_had_to_shrink_is_a_warning(name: str) -> None:
    task = TASKS[name]

    def warnings(patch_size: object, shape: tuple[int, ...]) -> tuple[str, ...]:
        settings = config(patch_size=patch_size)
        return task.warnings(settings, task.prepare(settings, shape=shape))

    (warning,) = warnings("auto", (12, 12))
    assert f"{'8' if name == 'context_prediction' else '4'} instead of 32" in warning
    assert "12 × 12" in warning
    assert warnings(4, (12, 12)) == warnings("auto", (128, 128)) == ()
    if name == "context_prediction":
        (warning,) = warnings("auto", (32, 32))
        assert "change 100% of the training shape of 32 × 32 voxels instead of 25%" in warning


def test_patches_that_cannot_reach_the_area_are_refused_with_the_largest_that_can() -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        TASKS["context_restoration"].prepare(config(patch_size=64), shape=(56, 40))
    assert caught.value.code == "config.infeasible"


def test_every_task_describes_itself() -> None:
    for name, description in descriptions().items():
        assert description.name == name
        assert description.title
        assert description.summary
