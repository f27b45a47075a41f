"""Axes are turned to the closest LPS order and exactly back."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.imaging.preprocess.orientation import array_spacing, turn_to_lps
from Testing.imaging.preprocess.grids import all_directions, geometry, oblique_directions

DIRECTIONS = [*all_directions(), *oblique_directions()]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_writing_through_the_turned_view_puts_every_voxel_back_for_every_orientation(direction):
    array = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    for axis in ("axial", "coronal", "sagittal"):
        turn = turn_to_lps(geometry(direction=direction), axis)
        assert sorted(turn.axes) == [0, 1, 2]
        back = np.zeros_like(array)
        turn.there(back)[...] = turn.there(array).copy()
        assert np.array_equal(back, array)
        assert turn.there(array).shape == turn.reorder(array.shape)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_axial_turn_equals_the_orientation_filter_of_simpleitk(direction):
    array = np.arange(5 * 6 * 7, dtype=np.int32).reshape(5, 6, 7)
    image = SimpleITK.GetImageFromArray(array)
    image.SetDirection(direction.reshape(-1).tolist())
    expected = SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(image, "LPS"))
    assert np.array_equal(turn_to_lps(geometry(direction=direction), "axial").there(array), expected)


def test_the_chosen_slice_axis_comes_first_and_the_others_keep_their_order():
    array = np.arange(5 * 6 * 7).reshape(5, 6, 7)
    straight = geometry()
    assert np.array_equal(turn_to_lps(straight, "axial").there(array), array)
    assert np.array_equal(turn_to_lps(straight, "coronal").there(array), array.transpose(1, 0, 2))
    assert np.array_equal(turn_to_lps(straight, "sagittal").there(array), array.transpose(2, 0, 1))


def test_spacing_is_given_in_the_order_of_the_array():
    assert array_spacing(geometry(spacing=(1.0, 2.0, 3.0))) == (3.0, 2.0, 1.0)
