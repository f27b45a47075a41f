"""Areas slice by slice."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.biomarkers import measure_slices
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap
from Testing.imaging.making import random_geometry

FEET_FIRST = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def label_map() -> LabelMap:
    labels = np.zeros((4, 6, 5), dtype=np.uint8)
    labels[1, 2:4, 1:4] = 1
    labels[2, 2, 2] = 1
    place = Geometry(labels.shape, (2.0, 3.0, 5.0), (0.0, 0.0, 100.0), FEET_FIRST)
    return LabelMap(labels, place, TissueTable.from_names({1: "psoas", 2: "bone"}, given=True))


def test_every_slice_has_its_area_and_an_absent_tissue_none() -> None:
    found = measure_slices(label_map())
    assert found.areas_mm2 == {"psoas": (0.0, 36.0, 6.0, 0.0), "bone": None}
    assert (found.slice_axis, found.axis_name) == (0, "I-S")


def test_positions_are_in_the_world_and_name_a_slice() -> None:
    found = measure_slices(label_map())
    assert found.positions_mm == (100.0, 95.0, 90.0, 85.0)
    assert found.nearest_slice(91.0) == 2
    assert found.at(found.nearest_slice(94.0)) == {"psoas": 36.0, "bone": None}


def test_a_slice_that_does_not_exist_is_refused_with_the_range() -> None:
    with pytest.raises(SSLSegmentationError, match="slices 0 to 3"):
        measure_slices(label_map()).at(4)


def test_another_table_chooses_the_tissues() -> None:
    found = measure_slices(label_map(), tissues=TissueTable.from_names({5: "liver"}))
    assert found.areas_mm2 == {"liver": None, "label_1": (0.0, 36.0, 6.0, 0.0)}


def test_an_index_or_a_position_as_viewers_show_it_finds_a_slice() -> None:
    found = measure_slices(label_map())
    assert found.positions_ras_mm == found.positions_mm
    assert [found.find(np.int64(2)), found.find(91.0), found.find(102.4), found.find(82.5)] == [2, 2, 0, 3]


@pytest.mark.parametrize("position", [-1, 4, 102.6, 82.4, -91.0])
def test_a_slice_outside_the_scan_is_refused_with_its_name_and_range(position: float) -> None:
    with pytest.raises(SSLSegmentationError, match="in a.nii: it has slices 0 to 3, .* 85 to 100 mm along I-S") as caught:
        measure_slices(label_map()).find(position, name="a.nii")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("world", "axis"), [(0, "R-L"), (1, "A-P"), (2, "I-S")])
def test_positions_in_ras_are_those_of_the_affine_of_viewers(world: int, axis: str) -> None:
    direction = np.roll(np.eye(3), world + 1, axis=0)
    assert direction[world, 2] == 1
    place = Geometry((6, 5, 4), (1.0, 1.0, 4.0), (10.0, -20.0, 30.0), tuple(direction.reshape(-1)))
    found = measure_slices(LabelMap(np.ones((6, 5, 4), np.uint8), place, TissueTable.from_values([1])))
    expected = [(place.affine_ras @ (1.5, 2, index, 1))[world] for index in range(6)]
    assert (found.axis_name, found.slice_axis, found.step_mm) == (axis, 0, 4.0)
    assert found.positions_ras_mm == pytest.approx(expected)
    assert [found.find(value) for value in expected] == list(range(6))


def test_an_oblique_scan_is_found_by_the_middle_of_its_slices() -> None:
    place = random_geometry(np.random.default_rng(3), (8, 6, 7))
    found = measure_slices(LabelMap(np.ones((8, 6, 7), np.uint8), place, TissueTable.from_values([1])))
    assert [found.find(value) for value in found.positions_ras_mm] == list(range(len(found.positions_mm)))
    middle = np.array([3.0, 2.5, 3.5, 1.0])
    world = ("R-L", "A-P", "I-S").index(found.axis_name)
    assert np.mean(found.positions_ras_mm) == pytest.approx((place.affine_ras @ middle)[world])


def test_a_scan_of_one_slice_reaches_half_a_slice_to_both_sides() -> None:
    place = Geometry((1, 5, 4), (1.0, 1.0, 6.0), (0.0, 0.0, 10.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    found = measure_slices(LabelMap(np.ones((1, 5, 4), np.uint8), place, TissueTable.from_values([1])))
    assert [found.find(7.0), found.find(13.0)] == [0, 0]
    with pytest.raises(SSLSegmentationError, match="slices 0 to 0"):
        found.find(13.5)


def test_tissues_of_one_name_keep_their_own_areas() -> None:
    labels = np.zeros((3, 4, 4), np.uint8)
    labels[0], labels[2, :2] = 1, 2
    place = Geometry((3, 4, 4), (1.0, 1.0, 5.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    found = measure_slices(LabelMap(labels, place, TissueTable.from_names({1: "cyst", 2: "cyst", 3: "liver"})))
    assert found.by_label == {1: (16.0, 0.0, 0.0), 2: (0.0, 0.0, 8.0)}
