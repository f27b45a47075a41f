"""Batches: what is drawn, what is cut, what is padding."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.learning.batches import BatchSource
from Testing.learning.cases import cached_case

CASES = tuple(cached_case(name) for name in ("a", "b", "c"))


def source(shape: tuple[int, ...] = (16, 16), **changes: int) -> BatchSource:
    return BatchSource(CASES, shape=shape, **changes)


@pytest.mark.parametrize("shape", [(16, 16), (24, 8), (32, 32), (4, 16, 16), (8, 8, 24)])
def test_cut_holds_the_voxels_at_the_drawn_place_and_zero_elsewhere(shape: tuple[int, ...]) -> None:
    batches = source(shape)
    draw = batches.draw(np.random.default_rng(1), 12)
    batch = batches.cut(draw)
    assert batch.images.shape == (12, 1, *shape)
    extent = (1, *shape) if len(shape) == 2 else shape
    for number in range(12):
        case = CASES[draw.case[number]]
        for place in np.ndindex(*extent):
            where = draw.start[number] + np.array(place)
            inside = bool((where >= 0).all() and (where < case.image.shape[1:]).all())
            target = place[-len(shape) :]
            assert batch.valid[(number, 0, *target)] == inside
            expected = case.image[(0, *where)] if inside else 0
            assert batch.images[(number, 0, *target)] == expected
            assert batch.labels is not None
            assert case.label is not None
            assert batch.labels[(number, *target)] == (case.label[tuple(where)] if inside else 0)


@pytest.mark.parametrize("shape", [(20, 16), (6, 6), (1, 1), (4, 30), (30, 4), (2, 16, 16), (2, 6, 6), (8, 3, 24)])
def test_foreground_share_of_one_always_shows_a_tissue_and_each_as_often(shape: tuple[int, ...]) -> None:
    batches = source(shape)
    batch = batches.cut(batches.draw(np.random.default_rng(2), 400, foreground_share=1.0))
    assert batch.labels is not None
    shown = [(batch.labels.reshape(400, -1) == tissue).any(1) for tissue in (1, 2)]
    assert (shown[0] | shown[1]).all()
    # Half of the images are drawn for each; some hold the other one too.
    assert min(one.mean() for one in shown) > 0.42


def test_without_a_foreground_share_small_images_often_miss_all_tissues() -> None:
    batches = source((6, 6))
    batch = batches.cut(batches.draw(np.random.default_rng(2), 400))
    assert batch.labels is not None
    assert 0.2 < batch.labels.any((1, 2)).mean() < 0.8


def test_image_drawn_for_a_tissue_holds_it_anywhere() -> None:
    """Every place that holds a voxel of a tissue is drawn, and no other."""
    batches = source((6, 6))
    draw = batches.draw(np.random.default_rng(3), 20_000, foreground_share=1.0)
    places = {tuple(start) for start in draw.start[:, 1:].tolist()}
    holding = {
        (row, column)
        for row in range(15)
        for column in range(11)
        if CASES[0].label is not None and CASES[0].label[:, row : row + 6, column : column + 6].any()
    }
    assert places == holding


def test_axis_that_the_image_covers_wholly_is_placed_as_without_tissues() -> None:
    """Padding lies on any side."""
    draw = source((6, 24)).draw(np.random.default_rng(3), 400, foreground_share=1.0)
    assert set(draw.start[:, 2].tolist()) == set(range(-8, 1))


def test_neighbours_are_channels_and_the_outermost_slice_repeats() -> None:
    batches = source((20, 16), neighbour_slices=1)
    assert batches.channels == 3
    first = batches.slice_of(CASES[0], 0)
    assert np.array_equal(first, CASES[0].image[0, [0, 0, 1]])
    last = batches.slice_of(CASES[0], 4)
    assert np.array_equal(last, CASES[0].image[0, [3, 4, 4]])


def test_unlabelled_cases_give_no_labels() -> None:
    batches = BatchSource((cached_case("u", labelled=False), CASES[0]), shape=(16, 16))
    assert batches.cut(batches.draw(np.random.default_rng(0), 40, foreground_share=0.5)).labels is None


def test_same_generator_draws_the_same_batch() -> None:
    draws = [source().draw(np.random.default_rng(5), 8, foreground_share=0.5) for _ in range(2)]
    assert np.array_equal(draws[0].case, draws[1].case)
    assert np.array_equal(draws[0].start, draws[1].start)


def test_every_slice_comes_once_in_a_pass() -> None:
    draw = source().draw_each(np.random.default_rng(0))
    assert len({(case, start[0]) for case, start in zip(draw.case, draw.start, strict=True)}) == 15 == source().images_per_epoch


def test_pass_of_3d_has_as_many_patches_as_fill_the_volume() -> None:
    assert source((5, 20, 8)).images_per_epoch == 6
    assert len(source((5, 20, 8)).draw_each(np.random.default_rng(0)).case) == 6
