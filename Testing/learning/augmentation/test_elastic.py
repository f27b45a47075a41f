from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from SSLSegmentationLib.learning.augmentation.elastic import control_point_count, displacement_field, draw_control_points

SHAPES = [(56, 40), (20, 33, 27)]


def draw(shape: tuple[int, ...], largest: float, *, spacing: float = 12.0, batch: int = 6) -> np.ndarray:
    hit, size = np.ones(batch, dtype=bool), np.full(batch, largest)
    return draw_control_points(shape, hit, size, spacing, np.random.default_rng(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_longest_displacement_is_about_the_drawn_one(shape: tuple[int, ...]) -> None:
    points = draw(shape, 3.0)
    field = displacement_field(torch.as_tensor(points), shape=shape, spacing=12.0)
    assert field.shape == (6, len(shape), *shape)
    longest = field.square().sum(1).sqrt().flatten(1).amax(1)
    assert (longest > 1.5).all()
    assert (longest < 3.6).all()


def test_the_field_is_the_cubic_spline_of_its_control_points() -> None:
    size, spacing = 40, 7.0
    count = control_point_count(size, spacing)
    points = np.random.default_rng(1).normal(size=(1, 1, count)).astype(np.float32)
    field = displacement_field(torch.as_tensor(points), shape=(size,), spacing=spacing)[0, 0].numpy()
    knots = (np.arange(count + 4) - 3) * spacing
    offset = ((count - 3) * spacing - (size - 1)) / 2
    np.testing.assert_allclose(field, BSpline(knots, points[0, 0].astype(float), 3)(np.arange(size) + offset), atol=1e-5)


def test_equal_control_points_move_every_voxel_alike() -> None:
    field = displacement_field(torch.full((1, 2, 6, 5), 2.5), shape=(30, 24), spacing=12.0)
    torch.testing.assert_close(field, torch.full((1, 2, 30, 24), 2.5))


def test_images_that_were_not_drawn_are_not_deformed() -> None:
    hit = np.array([True, False])
    points = draw_control_points((20, 20), hit, np.array([2.0, 2.0]), 8.0, np.random.default_rng(0))
    assert points[0].any()
    assert not points[1].any()


@pytest.mark.parametrize(("shape", "spacing"), [((3, 2), 12.0), ((1, 5), 2.0), ((64, 64), 256.0)])
def test_tiny_images_and_wide_control_points_work(shape: tuple[int, ...], spacing: float) -> None:
    field = displacement_field(torch.as_tensor(draw(shape, 1.0, spacing=spacing)), shape=shape, spacing=spacing)
    assert torch.isfinite(field).all()


def test_the_default_deformation_hardly_ever_folds_the_image() -> None:
    rng = np.random.default_rng(0)
    hit, largest = np.ones(200, dtype=bool), rng.uniform(1.0, 4.0, 200)
    points = draw_control_points((56, 40), hit, largest, 12.0, rng)
    field = displacement_field(torch.as_tensor(points), shape=(56, 40), spacing=12.0)
    rows, columns = torch.gradient(field, dim=(2, 3))
    determinant = (1 + rows[:, 0]) * (1 + columns[:, 1]) - rows[:, 1] * columns[:, 0]
    assert (determinant <= 0).float().mean() < 1e-3
