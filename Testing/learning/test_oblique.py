"""Oblique slices: geometry, values, labels and limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from SSLSegmentationLib.contract.config import AugmentConfig
from SSLSegmentationLib.learning.batches import BatchDraw, BatchSource
from SSLSegmentationLib.learning.oblique import MOST_SLICES, TrilinearSampler, draw_tilts, plane_points
from Testing.learning.cases import cached_case

ALWAYS = replace(AugmentConfig(), tilt_probability=1.0)
CUBIC = np.ones((50, 3))
DEEP = np.full(50, 99.0)


def points(tilt: tuple[float, float], spacing: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    return plane_points((5, 7), middle=np.array([10.0, 20.0, 30.0]), tilt=np.array(tilt), spacing=np.array(spacing, dtype=float))


def test_plane_without_tilt_is_the_slice() -> None:
    found = points((0, 0)).reshape(3, 5, 7)
    assert np.array_equal(found[0], np.full((5, 7), 10.0))
    assert np.array_equal(found[1][:, 0], np.arange(18.0, 23.0))
    assert np.array_equal(found[2][0], np.arange(27.0, 34.0))


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2.5, 0.8, 0.5)])
def test_tilt_keeps_distances_in_millimetres(spacing: tuple[float, float, float]) -> None:
    straight, tilted = (points(tilt, spacing) * np.array(spacing)[:, np.newaxis] for tilt in ((0, 0), (0.3, -0.2)))
    corners = [0, 6, 28, 34]
    for a in corners:
        for b in corners:
            lengths = [np.linalg.norm(plane[:, a] - plane[:, b]) for plane in (straight, tilted)]
            assert lengths[0] == pytest.approx(lengths[1])
    assert np.allclose(tilted.mean(1), straight.mean(1))


def test_neighbours_lie_a_slice_before_and_after_each_point() -> None:
    volume = np.random.default_rng(1).random((6, 7, 8)).astype(np.float32)
    where = np.random.default_rng(0).uniform(-2, 9, (3, 200))
    together = TrilinearSampler(where, volume.shape).intensities(volume, neighbours=2)
    assert together.shape == (5, 200)
    for row, step in zip(together, range(-2, 3)):
        moved = where + np.array([[step], [0], [0]])
        # Where the point itself and its neighbour lie between slices; the ends have a test of their own.
        there = np.all((where[0] >= 0, where[0] <= 5, moved[0] >= 0, moved[0] <= 5), axis=0)
        alone = TrilinearSampler(moved, volume.shape).intensities(volume)[0]
        assert np.allclose(row[there], alone[there], atol=1e-5)


def test_beyond_the_ends_the_outermost_slice_is_the_neighbour() -> None:
    volume = np.arange(1, 4, dtype=np.float32)[:, None, None] * np.ones((3, 4, 4), np.float32)
    where = np.array([[0.0, 0.25, 2.0, 1.75, -0.5, 4.0], [1.0] * 6, [1.0] * 6])
    values = TrilinearSampler(where, volume.shape).intensities(volume, neighbours=1)
    expected = [[1, 1, 2, 1.75, 0.5, 0], [1, 1.25, 3, 2.75, 0.5, 0], [2, 2.25, 3, 3, 0.75, 0]]
    np.testing.assert_allclose(values, expected)


def test_values_are_those_of_scipy() -> None:
    volume = np.random.default_rng(1).random((6, 7, 8)).astype(np.float32)
    where = np.random.default_rng(0).uniform(-2, 9, (3, 500))
    expected = map_coordinates(volume, where, order=1, mode="grid-constant")
    assert np.allclose(TrilinearSampler(where, volume.shape).intensities(volume)[0], expected, atol=1e-5)


def test_linear_volume_is_interpolated_exactly() -> None:
    z, y, x = np.meshgrid(*(np.arange(size) for size in (6, 7, 8)), indexing="ij")
    volume = (2 * z + 3 * y - x).astype(np.float32)
    where = np.random.default_rng(0).uniform(0, 5, (3, 40))
    sampler = TrilinearSampler(where, (6, 7, 8))
    assert np.allclose(sampler.intensities(volume), 2 * where[0] + 3 * where[1] - where[2], atol=1e-4)
    assert sampler.valid().all()


def test_points_outside_are_zero_background_and_not_valid() -> None:
    where = np.array([[-2.0, 9.0, 1.0], [1.0, 1.0, -3.0], [1.0, 1.0, 1.0]])
    sampler = TrilinearSampler(where, (4, 4, 4))
    assert not sampler.valid().any()
    assert not sampler.intensities(np.ones((4, 4, 4), dtype=np.float32)).any()
    assert not sampler.labels(np.ones((4, 4, 4), dtype=np.uint8)).any()


def test_label_is_that_of_the_largest_weight() -> None:
    volume = np.zeros((2, 2, 2), dtype=np.uint8)
    volume[1] = 2
    volume[1, 1, 1] = 1
    where = np.array([[0.4, 0.6, 1.0, 1.0], [0.0, 0.0, 0.9, 0.4], [0.0, 0.0, 0.9, 0.4]])
    assert TrilinearSampler(where, (2, 2, 2)).labels(volume).tolist() == [0, 2, 1, 2]
    assert TrilinearSampler(where[:, 2:], (2, 2, 2)).labels(np.full((2, 2, 2), 3, dtype=np.uint8)).tolist() == [3, 3]


def test_tilts_are_within_their_range_and_as_frequent_as_asked() -> None:
    tilts = draw_tilts(
        replace(AugmentConfig(), tilt_probability=0.5),
        np.ones((4000, 3)),
        np.full(4000, 99.0),
        shape=(20, 20),
        rng=np.random.default_rng(1),
    )
    drawn = tilts.any(1)
    assert 0.46 < drawn.mean() < 0.54
    assert np.abs(np.degrees(tilts)).max() <= 20
    assert np.degrees(tilts).min() < -18


def test_tilts_that_would_reach_over_too_many_slices_are_made_smaller() -> None:
    tilts = draw_tilts(ALWAYS, CUBIC, DEEP, shape=(512, 512), rng=np.random.default_rng(1))
    reach = 256 * np.abs(np.sin(tilts)).sum(1)
    assert 0 < reach.max() <= MOST_SLICES + 1e-9


def test_tilts_stay_within_half_of_a_thin_volume_and_a_single_slice_is_cut_straight() -> None:
    thin = draw_tilts(ALWAYS, CUBIC, np.full(50, 9.0), shape=(64, 64), rng=np.random.default_rng(1))
    assert 0 < (32 * np.abs(np.sin(thin)).sum(1)).max() <= 4 + 1e-9
    assert not draw_tilts(ALWAYS, CUBIC, np.ones(50), shape=(64, 64), rng=np.random.default_rng(1)).any()


def test_thick_slices_are_cut_straight() -> None:
    assert not draw_tilts(ALWAYS, CUBIC * (5, 1, 1), DEEP, shape=(64, 64), rng=np.random.default_rng(1)).any()


def test_oblique_cut_of_a_batch_shows_the_labels_where_the_image_does() -> None:
    source = BatchSource((cached_case("a", shape=(24, 20, 16)),), shape=(20, 16), neighbour_slices=1)
    draw = BatchDraw(np.zeros(3, dtype=np.int64), np.array([[12, 0, 0]] * 3), np.array([[0.0, 0.0], [0.3, 0.2], [-0.3, 0.0]]))
    batch = source.cut(draw)
    assert batch.images.shape == (3, 3, 20, 16)
    assert batch.labels is not None
    assert np.array_equal(batch.labels[0], source.cases[0].label[12])  # type: ignore[index]  # labelled cases
    for number in range(3):
        assert batch.images[number, 1][batch.labels[number] == 1].mean() > 1
        assert batch.images[number, 1][batch.labels[number] == 2].mean() < -1
    assert not np.array_equal(batch.labels[0], batch.labels[1])


def test_tiny_tilt_gives_the_straight_slice() -> None:
    source = BatchSource((cached_case("a"),), shape=(24, 12))
    straight = source.draw(np.random.default_rng(3), 6)
    tilted = replace(straight, tilt=np.full((6, 2), 1e-9))
    a, b = source.cut(straight), source.cut(tilted)
    assert np.allclose(a.images, b.images, atol=1e-5)
    assert np.array_equal(a.labels, b.labels)  # type: ignore[arg-type]  # labelled cases
    assert np.array_equal(a.valid, b.valid)


def test_volumes_of_3d_are_not_tilted() -> None:
    source = BatchSource((cached_case("a"),), shape=(4, 16, 16))
    draw = source.draw(np.random.default_rng(0), 2)
    assert source.with_tilts(draw, ALWAYS, np.random.default_rng(0)) is draw
