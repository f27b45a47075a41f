"""Flipped, permuted and partial grids."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from SSLSegmentationLib.imaging import regrid
from SSLSegmentationLib.imaging.geometry import Geometry
from Testing.imaging.making import numbers, plain_geometry, random_geometry

ORDERS = [(axes, signs) for axes in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)]


@pytest.mark.parametrize(("axes", "signs"), ORDERS)
def test_every_voxel_keeps_its_place_in_every_order_of_the_axes(axes: tuple[int, ...], signs: tuple[int, ...]) -> None:
    geometry = random_geometry(np.random.default_rng(0))
    turned = regrid.reoriented(geometry, axes, signs)
    array = regrid.reorient_array(numbers(), axes, signs)
    assert array.shape == turned.shape
    for value in (0, 17, 209):
        places = []
        for grid, values in ((geometry, numbers()), (turned, array)):
            slice_, row, column = np.argwhere(values == value)[0]
            places.append(grid.matrix @ [column, row, slice_, 1])
        np.testing.assert_allclose(places[0], places[1], atol=1e-9)
    back = regrid.onto_same_grid(array, turned, geometry)
    assert back is not None
    assert np.array_equal(back, numbers())


def moved(geometry: Geometry, shift: tuple[float, float, float]) -> Geometry:
    x, y, z = (float(value) for value in np.add(geometry.origin, shift))
    return Geometry(geometry.shape, geometry.spacing, (x, y, z), geometry.direction)


def test_a_shift_of_less_than_a_hundredth_voxel_is_the_same_grid_and_more_is_not() -> None:
    geometry = plain_geometry()
    assert regrid.onto_same_grid(numbers(), moved(geometry, (0.007, 0, 0)), geometry) is not None
    assert regrid.onto_same_grid(numbers(), moved(geometry, (0.009, 0, 0)), geometry) is None
    assert regrid.onto_same_grid(numbers(), moved(geometry, (0.4, 0, 0)), geometry) is None


def test_another_spacing_or_shape_is_no_same_grid() -> None:
    geometry = plain_geometry()
    wider = Geometry(geometry.shape, (1.0, 0.9, 2.5), geometry.origin, geometry.direction)
    assert regrid.onto_same_grid(numbers(), wider, geometry) is None
    assert regrid.onto_same_grid(numbers((5, 6, 8)), plain_geometry((5, 6, 8)), geometry) is None


def test_a_box_is_pasted_at_its_place_and_outside_is_zero() -> None:
    geometry = random_geometry(np.random.default_rng(1))
    box = regrid.target_box(geometry, np.array([2, 1, 3]), (2, 3, 4))
    axes, signs = (1, 2, 0), (-1, 1, -1)
    part = numbers((2, 3, 4)) + 1
    pasted = regrid.paste_part(regrid.reorient_array(part, axes, signs), regrid.reoriented(box, axes, signs), geometry)
    assert pasted is not None
    assert np.array_equal(pasted[3:5, 1:4, 2:6], part)
    assert pasted.sum() == part.sum()


@pytest.mark.parametrize("corner", [(-1, 0, 0), (4, 0, 0), (0, 0, 4)])
def test_a_box_that_leaves_the_grid_is_not_pasted(corner: tuple[int, int, int]) -> None:
    geometry = plain_geometry()
    assert regrid.paste_part(numbers((2, 3, 4)), regrid.target_box(geometry, np.array(corner), (2, 3, 4)), geometry) is None


def test_a_box_between_the_voxels_or_on_other_axes_is_not_pasted() -> None:
    geometry = plain_geometry()
    box = moved(regrid.target_box(geometry, np.array([1, 1, 1]), (2, 3, 4)), (0.1, 0, 0))
    assert regrid.paste_part(numbers((2, 3, 4)), box, geometry) is None
    assert regrid.paste_part(numbers((2, 3, 4)), random_geometry(np.random.default_rng(2), (2, 3, 4)), geometry) is None
