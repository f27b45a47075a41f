"""Pools: swaps composed to one map, symmetries, draws, and repetition by seed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from SSLSegmentationLib.imaging.corruption import CORRUPTIONS
from SSLSegmentationLib.imaging.masks import PoolDraw, make_pool
from SSLSegmentationLib.imaging.masks.random_sampling import draw_patches
from SSLSegmentationLib.imaging.masks.sizes import pixels_needed
from SSLSegmentationLib.imaging.masks.symmetry import inverse_maps, symmetry_maps

SHAPES = [(24, 24), (24, 40), (16, 16, 16), (12, 20, 20), (12, 16, 20)]


def pool_of(shape=(24, 40), **changes):
    arguments = {"patch_size": 4, "area": 0.25, "sampling": "random", "count": 8, "pairs": True, "seed": 5}
    return make_pool(shape=shape, **{**arguments, **changes})


@pytest.mark.parametrize("shape", [(24, 40), (12, 16, 20)])
def test_the_composed_map_equals_the_sequential_swaps_exactly(shape):
    """Under random sampling patches of different pairs overlap, so the order of the swaps matters."""
    pool = pool_of(shape, area=0.6)
    image = np.random.default_rng(0).normal(size=shape)
    overlapping = 0
    for number in range(len(pool)):
        corners = draw_patches(
            shape=shape, patch_size=4, pixels=pixels_needed(shape, 0.6), pairs=True, rng=np.random.default_rng((5, number))
        )
        expected = image.copy()
        for one, other in zip(corners[::2], corners[1::2]):
            first = tuple(slice(start, start + 4) for start in one)
            second = tuple(slice(start, start + 4) for start in other)
            kept = expected[first].copy()
            expected[first] = expected[second]
            expected[second] = kept
        assert np.array_equal(image.reshape(-1)[pool.index[number]].reshape(shape), expected)
        overlapping += len(corners) * 4 ** len(shape) > pool.mask[number].sum()
    assert overlapping == len(pool)


@pytest.mark.parametrize("sampling", ["random", "poisson_disc"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_swap_only_moves_pixels_of_the_mask_and_loses_none(shape, sampling):
    pool = pool_of(shape, sampling=sampling)
    own = np.arange(np.prod(shape))
    for mask, index, displaced in zip(pool.mask, pool.index, pool.displaced):
        assert np.array_equal(np.sort(index), own)
        assert np.array_equal(index[~mask], own[~mask])
        assert displaced == pytest.approx((index != own).mean())
        assert mask.mean() >= 0.25
        assert 0 < displaced <= mask.mean()


def test_poisson_disc_swaps_displace_every_corrupted_pixel():
    pool = pool_of(sampling="poisson_disc")
    assert pool.displaced == pytest.approx(pool.mask.mean(axis=1))


def test_without_pairs_there_is_no_index_map():
    pool = pool_of(pairs=False)
    assert pool.index is None
    assert pool.displaced == pytest.approx(pool.mask.mean(axis=1))
    with pytest.raises(ValueError, match="pairs"):
        pool.index_maps(pool.draw(np.random.default_rng(0), 2))


def test_the_symmetries_of_a_square_are_the_rotations_of_numpy():
    image = np.random.default_rng(0).normal(size=(6, 6))
    for quarter, turn in enumerate(symmetry_maps((6, 6))):
        assert np.array_equal(image.reshape(-1)[turn].reshape(6, 6), np.rot90(image, quarter))


def test_the_symmetries_of_a_rectangle_are_the_half_turn_and_the_flips():
    image = np.random.default_rng(0).normal(size=(4, 6))
    turned = {image.reshape(-1)[turn].tobytes() for turn in symmetry_maps((4, 6))}
    expected = (image, image[::-1, ::-1], image[::-1], image[:, ::-1])
    assert turned == {np.ascontiguousarray(each).tobytes() for each in expected}


@pytest.mark.parametrize(("shape", "number"), [((4, 4, 4), 24), ((3, 4, 4), 12), ((4, 3, 4), 12), ((2, 3, 4), 8)])
def test_volumes_have_the_symmetries_that_keep_their_shape(shape, number):
    maps = symmetry_maps(shape)
    assert len({turn.tobytes() for turn in maps}) == number == len(maps)
    assert np.array_equal(maps[0], np.arange(np.prod(shape)))
    assert {turn.tobytes() for turn in inverse_maps(maps)} == {turn.tobytes() for turn in maps}


def test_the_symmetries_of_a_cube_are_rotations_without_mirrors():
    """A rotation keeps the handedness of three corners seen from the fourth."""
    points = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 2]])
    flat = np.ravel_multi_index(tuple(points.T), (3, 3, 3))
    for turn in inverse_maps(symmetry_maps((3, 3, 3))):
        moved = np.stack(np.unravel_index(turn[flat], (3, 3, 3)), axis=1)
        assert np.linalg.det((moved[1:] - moved[0]).astype(float)) == pytest.approx(8.0)


@pytest.mark.parametrize("task", sorted(CORRUPTIONS))
@pytest.mark.parametrize("shape", SHAPES)
def test_a_turned_mask_equals_turning_back_corrupting_and_turning_again(shape, task):
    pool = pool_of(shape)
    images = np.random.default_rng(0).normal(size=(len(pool.symmetries) * 2, 2, *shape))
    draw = PoolDraw(np.arange(len(images)) % len(pool), np.arange(len(images)) % len(pool.symmetries))
    corrupted = CORRUPTIONS[task](images, pool, draw)
    for image, result, mask, symmetry in zip(images, corrupted, draw.mask_number, draw.symmetry):
        for channel, expected_of in zip(image, result):
            back = channel.reshape(-1)[pool.inverse_symmetries[symmetry]]
            changed = np.where(pool.mask[mask], 0, back) if task == "context_prediction" else back[pool.index[mask]]
            assert np.array_equal(expected_of, changed[pool.symmetries[symmetry]].reshape(shape))


def test_draws_reach_every_mask_and_symmetry_evenly():
    pool = pool_of((24, 24))
    draw = pool.draw(np.random.default_rng(0), 8000)
    assert draw.mask_number.shape == draw.symmetry.shape == (8000,)
    assert np.bincount(draw.mask_number, minlength=8).min() > 800
    assert np.bincount(draw.symmetry, minlength=4).min() > 1800


def test_the_same_seed_gives_the_same_pool_and_another_seed_another():
    one, same, other = pool_of(), pool_of(), pool_of(seed=6)
    assert np.array_equal(one.index, same.index)
    assert np.array_equal(one.mask, same.mask)
    assert not np.array_equal(one.mask, other.mask)


def test_masks_of_one_pool_differ():
    pool = pool_of(sampling="poisson_disc", count=50)
    assert len({mask.tobytes() for mask in pool.mask}) == 50


def test_a_hundred_poisson_disc_masks_of_512_take_about_a_second():
    start = time.process_time()
    pool = make_pool(shape=(512, 512), patch_size=32, area=0.25, sampling="poisson_disc", count=100, pairs=True, seed=0)
    assert time.process_time() - start < 3.0  # three times the goal: test machines are shared
    assert pool.mask.mean(axis=1) == pytest.approx(np.full(100, 0.25))
