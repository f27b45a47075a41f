"""Areas slice by slice."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.biomarkers import measure_slices
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap

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
