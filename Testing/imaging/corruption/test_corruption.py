"""The corruptions by name: what they change and what they leave."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.imaging.corruption import CORRUPTIONS, PAIRED
from SSLSegmentationLib.imaging.masks import make_pool


@pytest.fixture(params=[(24, 40), (24, 24), (8, 16, 16)])
def pool(request):
    return make_pool(shape=request.param, patch_size=4, area=0.25, sampling="poisson_disc", count=6, pairs=True, seed=1)


def corrupted(task, pool, dtype=np.float32):
    images = np.random.default_rng(2).normal(3, 1, size=(7, 3, *pool.shape)).astype(dtype)
    draw = pool.draw(np.random.default_rng(4), 7)
    before = images.copy()
    result = CORRUPTIONS[task](images, pool, draw)
    assert np.array_equal(images, before)
    return images, result, pool.masks(draw)[:, None]


@pytest.mark.parametrize("task", sorted(CORRUPTIONS))
def test_only_masked_pixels_change_and_in_all_channels_alike(task, pool):
    images, result, masks = corrupted(task, pool)
    assert result.dtype == images.dtype
    assert result.shape == images.shape
    changed = images != result
    assert np.array_equal(changed, np.broadcast_to(masks, changed.shape))


def test_context_prediction_sets_patches_to_zero(pool):
    _, result, masks = corrupted("context_prediction", pool)
    assert not result[np.broadcast_to(masks, result.shape)].any()


def test_context_restoration_keeps_every_value_of_every_channel(pool):
    images, result, _ = corrupted("context_restoration", pool)
    flat = (7, 3, -1)
    assert np.array_equal(np.sort(images.reshape(flat), axis=2), np.sort(result.reshape(flat), axis=2))


def test_swapping_twice_restores_the_image_under_poisson_disc_sampling(pool):
    images = np.random.default_rng(2).normal(size=(5, 1, *pool.shape))
    draw = pool.draw(np.random.default_rng(4), 5)
    swap = CORRUPTIONS["context_restoration"]
    assert np.array_equal(swap(swap(images, pool, draw), pool, draw), images)


def test_a_batch_equals_its_images_one_by_one(pool):
    images = np.random.default_rng(2).normal(size=(5, 2, *pool.shape))
    draw = pool.draw(np.random.default_rng(4), 5)
    for task in CORRUPTIONS:
        whole = CORRUPTIONS[task](images, pool, draw)
        for number in range(5):
            one = type(draw)(draw.mask_number[number : number + 1], draw.symmetry[number : number + 1])
            assert np.array_equal(CORRUPTIONS[task](images[number : number + 1], pool, one), whole[number : number + 1])


def test_the_paired_tasks_are_tasks():
    assert set(CORRUPTIONS) >= PAIRED
