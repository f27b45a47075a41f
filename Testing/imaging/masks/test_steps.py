"""Masks drawn in small steps are those of a pool made at one go."""

from __future__ import annotations

import time

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.masks import first_mask_steps, make_pool
from SSLSegmentationLib.imaging.masks.steps import finish


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("sampling", ["random", "poisson_disc"])
@pytest.mark.parametrize(("shape", "patch_size", "area"), [((64, 48), 8, 0.25), ((64, 64), 8, 0.5), ((16, 24, 24), 4, 0.6)])
def test_the_first_mask_is_that_of_the_pool(shape, patch_size, area, sampling, pairs):
    arguments = {"shape": shape, "patch_size": patch_size, "area": area, "sampling": sampling, "pairs": pairs, "seed": 7}
    pool, first = make_pool(**arguments, count=2), finish(first_mask_steps(**arguments))
    np.testing.assert_array_equal(first.corners[0], pool.corners[0])
    if pairs:
        np.testing.assert_array_equal(first.rounds[0], pool.rounds[0])
    else:
        assert first.rounds is None
    assert first.displaced.tolist() == pool.displaced[:1].tolist()
    assert (len(first), first.shape, first.patch_size) == (1, shape, patch_size)


def test_its_only_turn_is_none():
    first = finish(first_mask_steps(shape=(32, 32), patch_size=4, area=0.25, sampling="random", pairs=True, seed=1))
    draw = first.draw(np.random.default_rng(0), 3)
    assert draw.symmetry.tolist() == [0, 0, 0]
    for corners in first.patches(draw):
        np.testing.assert_array_equal(corners, first.corners[0])


def test_the_patch_size_can_be_found_on_the_way():
    first = finish(first_mask_steps(shape=(64, 64), patch_size="auto", area=0.25, sampling="poisson_disc", pairs=True, seed=1))
    assert first.patch_size in (32, 16, 8, 4)


def test_what_cannot_be_had_ends_in_a_proposal():
    steps = first_mask_steps(shape=(64, 64), patch_size=40, area=0.25, sampling="poisson_disc", pairs=True, seed=1)
    with pytest.raises(SSLSegmentationError, match="The largest patch size that fits is"):
        finish(steps)


def test_no_step_takes_long_where_all_take_seconds():
    steps = first_mask_steps(shape=(512, 512), patch_size=16, area=0.4, sampling="poisson_disc", pairs=True, seed=1)
    longest, before = 0.0, time.process_time()
    for _ in steps:
        now = time.process_time()
        longest, before = max(longest, now - before), now
    assert longest < 0.05
