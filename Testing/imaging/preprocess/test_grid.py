"""The way back from the prepared grid is exact, and linear or nearest where the grid was resampled."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess import PreparedGrid, PreprocessPlan, prepare
from SSLSegmentationLib.imaging.scan import Scan
from Testing.data import real_data
from Testing.imaging.preprocess.grids import all_directions, geometry, oblique_directions


def plan(spacing=None, slice_axis="axial"):
    return PreprocessPlan("zscore", (), spacing, slice_axis, 1)


def gaussian(grid: Geometry) -> np.ndarray:
    """A smooth blob in world space around the centre of the grid."""
    index = np.stack(np.meshgrid(*[np.arange(size) for size in grid.shape[::-1]], indexing="ij"), axis=-1)
    world = index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]
    centre = grid.corners().mean(axis=0)
    return np.exp(-((world - centre) ** 2).sum(axis=-1) / 200).transpose(2, 1, 0).astype(np.float32)


@pytest.mark.parametrize("slice_axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("direction", [*all_directions()[::5], *oblique_directions()[::5]])
def test_without_resampling_the_round_trip_is_bit_exact(direction, slice_axis):
    rng = np.random.default_rng(3)
    scan_grid = geometry(direction=direction, spacing=(0.7, 1.1, 2.3))
    grid = PreparedGrid.of(scan_grid, plan(slice_axis=slice_axis))
    assert not grid.resampled
    labels = rng.integers(0, 5, scan_grid.shape).astype(np.uint8)
    assert np.array_equal(grid.labels_to_scan(grid.turn.there(labels)), labels)
    probabilities = rng.random((3, *scan_grid.shape)).astype(np.float32)
    turned = np.stack([grid.turn.there(channel) for channel in probabilities])
    assert np.array_equal(grid.probabilities_to_scan(turned), probabilities)
    assert np.array_equal(grid.argmax_to_scan(turned), probabilities.argmax(axis=0))
    assert grid.labels_to_scan(grid.turn.there(labels)).flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("direction", [*all_directions()[::7], *oblique_directions()[::7]])
def test_a_smooth_image_survives_finer_resampling_and_the_way_back(direction):
    scan_grid = geometry((20, 24, 28), (1.0, 1.2, 2.0), direction)
    image = gaussian(scan_grid)
    prepared = prepare([Scan(image, scan_grid)], plan((1.0, 0.6, 0.6), "coronal"))
    back = prepared.grid.probabilities_to_scan(prepared.image)[0]
    expected = (image - image.mean(dtype=float)) / image.std(dtype=float)
    assert np.abs(back - expected).max() < 0.12 * np.ptp(expected)
    assert np.corrcoef(back.ravel(), expected.ravel())[0, 1] > 0.999


def test_a_linear_ramp_is_resampled_exactly_between_the_outer_voxel_centres():
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32), (4, 5, 30)).copy()
    prepared = prepare([Scan(ramp, geometry(ramp.shape))], plan((1.0, 1.0, 0.5)))
    steps = np.diff(prepared.image[0, 0, 0])
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


def test_labels_come_back_by_the_nearest_voxel():
    grid = PreparedGrid.of(geometry((6, 8, 8)), plan((0.5, 0.5, 0.5)))
    assert grid.shape == (12, 16, 16)
    labels = np.random.default_rng(0).integers(0, 4, (6, 8, 8)).astype(np.uint8)
    fine = labels.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    assert np.array_equal(grid.labels_to_scan(fine), labels)


def test_the_slab_wise_arg_max_equals_that_of_the_resampled_probabilities(monkeypatch):
    monkeypatch.setattr("SSLSegmentationLib.imaging.preprocess.grid.SLAB_VOXELS", 400)
    grid = PreparedGrid.of(geometry((11, 12, 13), (1.0, 1.3, 2.1), oblique_directions()[20]), plan((1.5, 1.5, 1.5), "sagittal"))
    probabilities = np.random.default_rng(0).random((4, *grid.shape)).astype(np.float32)
    assert np.array_equal(grid.argmax_to_scan(probabilities), grid.probabilities_to_scan(probabilities).argmax(axis=0))


def test_with_a_threshold_a_tissue_needs_it_and_ties_go_to_the_lower_label():
    grid = PreparedGrid.of(geometry((1, 1, 5)), plan())
    first = np.array([0.5, 0.49, 0.7, 0.2, 0.9], dtype=np.float32)
    second = np.array([0.1, 0.3, 0.7, 0.6, 0.95], dtype=np.float32)
    probabilities = np.stack([first, second]).reshape(2, 1, 1, 5)
    assert grid.argmax_to_scan(probabilities, threshold=0.5).ravel().tolist() == [1, 0, 1, 2, 2]
    assert grid.argmax_to_scan(probabilities).ravel().tolist() == [0, 0, 0, 1, 1]


def test_an_array_of_another_shape_is_refused():
    grid = PreparedGrid.of(geometry((3, 4, 5)), plan())
    with pytest.raises(ValueError, match="shape"):
        grid.labels_to_scan(np.zeros((3, 5, 4), dtype=np.uint8))


def test_real_scans_come_back_bit_exact():
    from SSLSegmentationLib.imaging.readers import read_scan

    folder = real_data("hippocampus_mri")
    paths = sorted(path for path in folder.rglob("*.nii.gz") if not path.name.startswith("."))[:6]
    assert paths
    for path in paths:
        scan = read_scan(path)
        for slice_axis in ("axial", "coronal", "sagittal"):
            grid = PreparedGrid.of(scan.geometry, plan(slice_axis=slice_axis))
            assert np.array_equal(grid.labels_to_scan(grid.turn.there(scan.array)), scan.array)
