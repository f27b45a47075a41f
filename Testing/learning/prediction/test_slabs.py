"""Slices through a 2D model: the same channels as in training, whatever the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from SSLSegmentationLib.learning.prediction.slabs import slice_slabs, volume_slab
from Testing.learning.prediction.test_sliding_window import ArrayImage


class Recorder:
    """A model that keeps what it is given."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def __call__(self, images: Tensor) -> Tensor:
        self.seen.append(images.clone())
        return images[:, :1]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
@pytest.mark.parametrize("neighbours", [0, 1, 3])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_each_slice_comes_with_its_neighbours_and_the_outermost_is_repeated(depth: int, neighbours: int, batch: int) -> None:
    array = np.random.default_rng(0).standard_normal((2, depth, 4, 5)).astype(np.float32)
    recorder = Recorder()
    slabs = list(slice_slabs(ArrayImage(array), recorder, batch=batch, neighbour_slices=neighbours))
    seen = torch.cat(recorder.seen).numpy()
    for index in range(depth):
        around = np.clip(np.arange(index - neighbours, index + neighbours + 1), 0, depth - 1)
        assert np.array_equal(seen[index], np.concatenate([array[:, int(place)] for place in around]))
    assert np.array_equal(np.concatenate([slab.values for slab in slabs], axis=1)[0], seen[:, 0])
    assert [slab.start for slab in slabs] == list(range(0, depth, batch))


def test_a_volume_is_one_slab() -> None:
    array = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    slab = volume_slab(ArrayImage(array), Recorder())
    assert np.array_equal(slab.values, array[:1])
