"""The prepared grid: its size, its spacing, and where its voxels lie in the scan."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.imaging.preprocess import PreparedGrid, PreprocessPlan, open_prepared
from SSLSegmentationLib.imaging.scan import Scan
from Testing.imaging.preprocess.grids import geometry
from Testing.imaging.preprocess.preparing import whole_image


def plan(spacing):
    return PreprocessPlan("zscore", (), spacing, "axial", 1)


def test_a_linear_ramp_is_resampled_exactly_between_the_outer_voxel_centres():
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32), (4, 5, 30)).copy()
    prepared = open_prepared([Scan(ramp, geometry(ramp.shape))], plan((1.0, 1.0, 0.5)))
    steps = np.diff(whole_image(prepared)[0, 0, 0])
    assert prepared.grid.shape == (4, 5, 60)
    assert steps[1:-1] == pytest.approx(np.full(57, steps[1]), rel=1e-4)


def test_the_prepared_grid_fills_the_extent_of_the_scan():
    grid = PreparedGrid.of(geometry((10, 33, 47), (0.9, 1.1, 3.0)), plan((2.0, 1.0, 1.0)))
    assert grid.shape == (15, 36, 42)
    for size, spacing, own_size, own in zip(grid.shape, grid.spacing, (10, 33, 47), (3.0, 1.1, 0.9)):
        assert size * spacing == pytest.approx(own_size * own)


def test_a_thin_scan_keeps_at_least_one_slice():
    grid = PreparedGrid.of(geometry((1, 8, 8), (1.0, 1.0, 0.5)), plan((5.0, 1.0, 1.0)))
    assert grid.shape == (1, 8, 8)
