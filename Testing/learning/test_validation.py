"""Validation: whole cases in parts that memory holds, and Dice that is not had where no case has the tissue."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from SSLSegmentationLib.imaging.cache import CachedCase
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.validation import CasePart, DiceCounts, case_parts
from Testing.learning.cases import cached_case

CPU = torch.device("cpu")


class Voxelwise:
    """Logits that depend on each voxel alone, so that parts must give what the whole gives; notes the images' shapes."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, images: Tensor) -> Tensor:
        self.shapes.append(tuple(images.shape))
        return torch.cat([images[:, :1] * scale for scale in (0.0, 1.0, -1.0)], dim=1)

    @property
    def most_voxels(self) -> int:
        return max(math.prod(shape) for shape in self.shapes)


def parts_of(*cases: CachedCase, shape: tuple[int, ...], batch_size: int) -> tuple[Voxelwise, list[CasePart]]:
    network = Voxelwise()
    source = BatchSource(cases, shape=shape)
    return network, list(case_parts(cases, network, source=source, batch_size=batch_size, outputs=3, device=CPU))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((8, 16, 16), (30, 20, 50)),
        ((8, 8, 8), (9, 40, 9)),
        ((8, 16, 16), (12, 24, 24)),
        ((16, 16), (7, 50, 40)),
        ((16, 16), (7, 9, 30)),
    ],
)
def test_parts_of_a_case_are_together_the_whole_case(shape: tuple[int, ...], size: tuple[int, int, int]) -> None:
    case = cached_case("a", shape=size)
    _, parts = parts_of(case, shape=shape, batch_size=4)
    axis = 0 if len(shape) == 2 else 1
    labels = torch.cat([part.labels for part in parts], dim=axis).reshape(size)
    logits = torch.cat([part.logits.movedim(1, 0).reshape(3, -1, *size[1:]) for part in parts], dim=1)
    assert np.array_equal(labels.numpy(), case.label)
    assert torch.allclose(logits[1], torch.from_numpy(case.image[0]), atol=1e-5)
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_volume_that_prediction_would_compute_in_windows_is_validated_in_windows() -> None:
    network, parts = parts_of(cached_case("a", shape=(40, 60, 50)), shape=(16, 24, 24), batch_size=2)
    assert {shape[2:] for shape in network.shapes} == {(16, 24, 24)}
    assert len(parts) > 1
    assert sum(part.weight for part in parts) == pytest.approx(1)


def test_volume_that_prediction_would_compute_whole_is_validated_whole() -> None:
    network, parts = parts_of(cached_case("a", shape=(24, 36, 30)), shape=(16, 24, 24), batch_size=2)
    assert network.shapes == [(1, 1, 24, 36, 30)]
    assert [part.weight for part in parts] == [1]


def test_large_slices_go_through_the_network_in_smaller_batches() -> None:
    large, _ = parts_of(cached_case("a", shape=(9, 128, 96)), shape=(16, 16), batch_size=8)
    assert large.most_voxels == 128 * 96
    medium, _ = parts_of(cached_case("a", shape=(9, 32, 32)), shape=(16, 16), batch_size=8)
    assert medium.most_voxels == 2 * 8 * 16 * 16
    usual, parts = parts_of(cached_case("a", shape=(9, 20, 16)), shape=(16, 16), batch_size=8)
    assert [shape[0] for shape in usual.shapes] == [8, 1] == [part.weight for part in parts]


def test_dice_of_a_tissue_is_the_mean_over_the_cases_that_have_it() -> None:
    counts = DiceCounts(tissues=3)
    one = torch.tensor([[1, 1, 2, 0]])
    counts.add(torch.tensor([[1, 0, 2, 0]]), one, last=False)
    counts.add(one, one, last=True)
    counts.add(torch.tensor([[0, 0, 0, 0]]), torch.tensor([[2, 2, 0, 0]]), last=True)
    dice = counts.dice()
    assert dice[:2] == pytest.approx([6 / 7, 0.5])
    assert math.isnan(dice[2])
