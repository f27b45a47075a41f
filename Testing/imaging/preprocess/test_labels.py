"""Label maps on the prepared grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess import PreparedGrid, PreprocessPlan, prepare_labels
from SSLSegmentationLib.imaging.preprocess.resampling import resample_nearest
from SSLSegmentationLib.imaging.scan import LabelMap
from Testing.imaging.preprocess.grids import geometry, oblique_directions

TISSUES = TissueTable.from_values([2, 7, 300])


def label_map(array, grid, path=None):
    return LabelMap(array, grid, TISSUES, path)


def grid_of(scan_grid, spacing=None):
    return PreparedGrid.of(scan_grid, PreprocessPlan("zscore", (), spacing, "coronal", 1))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int64])
def test_values_become_one_plus_their_position_in_the_table(dtype):
    scan_grid = geometry(direction=oblique_directions()[9])
    values = np.array([0, 2, 7, 300], dtype=dtype)
    codes = np.random.default_rng(0).integers(0, 4, scan_grid.shape)
    grid = grid_of(scan_grid)
    prepared = prepare_labels(label_map(values[codes], scan_grid), grid, TISSUES)
    assert prepared.dtype == np.uint8
    assert np.array_equal(prepared, grid.turn.there(codes))


def test_a_resampled_label_map_holds_only_values_it_had():
    scan_grid = geometry((6, 9, 9))
    codes = np.random.default_rng(0).integers(0, 2, scan_grid.shape) * 7
    grid = grid_of(scan_grid, (0.7, 0.7, 0.7))
    prepared = prepare_labels(label_map(codes.astype(np.uint8), scan_grid), grid, TISSUES)
    assert prepared.shape == grid.shape
    assert set(np.unique(prepared)) == {0, 2}
    assert np.array_equal(resample_nearest(prepared, grid.turned_shape), grid.turn.there(codes // 7 * 2))


def test_an_empty_label_map_is_all_background():
    scan_grid = geometry()
    assert not prepare_labels(label_map(np.zeros(scan_grid.shape, np.uint8), scan_grid), grid_of(scan_grid), TISSUES).any()


def test_values_that_the_table_lacks_are_named():
    scan_grid = geometry()
    array = np.zeros(scan_grid.shape, np.uint16)
    array[0, 0, :3] = (3, 301, 2)
    with pytest.raises(SSLSegmentationError, match=r"labels\.nii.* 3, 301") as error:
        prepare_labels(label_map(array, scan_grid, Path("labels.nii")), grid_of(scan_grid), TISSUES)
    assert error.value.code == "data.unknown_label"


def test_a_shifted_label_map_is_refused():
    scan_grid = geometry()
    shifted = geometry(origin=(10.4, -20.0, 30.0))
    with pytest.raises(SSLSegmentationError) as error:
        prepare_labels(label_map(np.zeros(scan_grid.shape, np.uint8), shifted), grid_of(scan_grid), TISSUES)
    assert error.value.code == "data.grid_mismatch"


def test_more_tissues_than_a_byte_holds_are_refused():
    scan_grid = geometry()
    with pytest.raises(SSLSegmentationError) as error:
        prepare_labels(
            label_map(np.zeros(scan_grid.shape, np.uint8), scan_grid), grid_of(scan_grid), TissueTable.from_values(range(257))
        )
    assert error.value.code == "data.unsupported"
