"""Reading one case."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging import regrid
from SSLSegmentationLib.imaging.dataset import read_case, read_case_label
from SSLSegmentationLib.imaging.scan import Case
from Testing.imaging.making import nifti, numbers, plain_geometry


def test_volumes_of_one_file_are_channels(tmp_path: Path) -> None:
    volumes = np.stack([numbers(), numbers() + 500])
    path = nifti(tmp_path / "a.nii.gz", volumes)
    scans = read_case(Case("a", "a", (path, path), volumes=(1, 0)))
    assert np.array_equal(scans[0].array, volumes[1]) and np.array_equal(scans[1].array, volumes[0])
    with pytest.raises(SSLSegmentationError, match="holds 2 volumes, 3 expected"):
        read_case(Case("a", "a", (path,) * 3, volumes=(0, 1, 2)))
    with pytest.raises(SSLSegmentationError, match="holds 2 volumes, 1 expected"):
        read_case(Case("a", "a", (path,)))


def test_files_of_one_case_are_channels_on_one_grid(tmp_path: Path) -> None:
    first, second = nifti(tmp_path / "a.nii", numbers()), nifti(tmp_path / "b.nii", numbers() + 1)
    assert [int(scan.array[0, 0, 0]) for scan in read_case(Case("a", "a", (first, second)))] == [0, 1]
    turned = regrid.reoriented(plain_geometry(), (0, 1, 2), (-1, 1, 1))
    other = nifti(tmp_path / "c.nii", numbers(), turned)
    with pytest.raises(SSLSegmentationError, match="c.nii lies on another grid than a.nii") as caught:
        read_case(Case("a", "a", (first, other)))
    assert caught.value.code == "data.grid_mismatch"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_count(tmp_path: Path, value: float) -> None:
    array = numbers(dtype=np.float64)
    array[:2, 0, 0] = value
    with pytest.raises(SSLSegmentationError, match="a.nii holds 2 voxels") as caught:
        read_case(Case("a", "a", (nifti(tmp_path / "a.nii", array),)))
    assert caught.value.code == "data.not_finite"


def test_labels_are_put_on_the_grid_of_the_scan_and_named(tmp_path: Path) -> None:
    geometry = plain_geometry()
    array = (numbers() > 100).astype(np.uint8)
    order = ((2, 1, 0), (1, -1, -1))
    path = nifti(tmp_path / "l.nii", regrid.reorient_array(array, *order), regrid.reoriented(geometry, *order))
    case = Case("a", "a", (tmp_path / "a.nii",), path)
    table = TissueTable.of([Tissue(1, "fat", (1, 2, 3))], given=True)
    label_map = read_case_label(case, table, geometry)
    assert np.array_equal(label_map.array, array)
    assert label_map.tissues == table
    assert read_case_label(case, TissueTable(()), geometry).tissues.values == (1,)
    with pytest.raises(SSLSegmentationError) as caught:
        read_case_label(Case("a", "a", (path,)), table, geometry)
    assert caught.value.code == "data.unpaired"
