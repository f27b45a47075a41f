"""Label maps from slabs equal those from the whole array at once, on turned and resampled grids."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.model_card import SIGMOID, SOFTMAX
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess import PreparedGrid, PreprocessPlan, open_prepared
from SSLSegmentationLib.imaging.preprocess.resampling import LinearResampler
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.learning.prediction import assembly
from SSLSegmentationLib.learning.prediction.assembly import LabelAssembly
from SSLSegmentationLib.learning.prediction.slabs import Slab
from Testing.disks import small_disk
from Testing.imaging.preprocess.grids import all_directions, geometry, oblique_directions
from Testing.imaging.preprocess.preparing import whole_image

SAGITTAL = (0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
LEFT_HANDED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def grid_of(spacing: "tuple[float, float, float] | None", direction: "tuple[float, ...]" = AXIAL) -> PreparedGrid:
    geometry = Geometry((13, 9, 11), (1.1, 0.9, 2.0), (3.0, -4.0, 5.0), direction)
    plan = PreprocessPlan("zscore", (), spacing, "axial", 1)
    return PreparedGrid.of(geometry, plan)


def assembled(
    grid: PreparedGrid, values: npt.NDArray[np.float32], cuts: "list[int]", activation: str, tissues: TissueTable
) -> LabelAssembly:
    result = LabelAssembly(grid, tissues=tissues, activation=activation, keep_probabilities=True)
    for start, stop in zip([0, *cuts], [*cuts, grid.shape[0]]):
        result.add(Slab(start, values[:, start:stop]))
    return result


def random_probabilities(grid: PreparedGrid, count: int) -> npt.NDArray[np.float32]:
    # Few distinct values, so that ties are frequent.
    return np.random.default_rng(1).integers(0, 5, (count, *grid.shape)).astype(np.float32) / np.float32(4)


def on_scan(grid: PreparedGrid, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities (T, S, H, W) of the prepared grid on the scan's, each channel at one go."""
    resampler = LinearResampler(grid.shape, grid.turned_shape)
    result = np.empty((len(values), *grid.geometry.shape), dtype=np.float32)
    for channel, out in zip(values, result):
        grid.turn.there(out)[...] = resampler.slab(channel.__getitem__, 0, grid.turned_shape[0])
    return result


def most_probable(values: npt.NDArray[np.float32], activation: str) -> npt.NDArray[np.intp]:
    """0 for background, else 1 + the tissue's number; ties go to the lower one."""
    if activation == SOFTMAX:
        return values.argmax(axis=0)
    return np.where(values.max(axis=0) >= 0.5, 1 + values.argmax(axis=0), 0)


@pytest.mark.parametrize("direction", [AXIAL, SAGITTAL, LEFT_HANDED])
@pytest.mark.parametrize(
    "spacing", [None, (1.0, 1.0, 1.0), (0.7, 0.5, 0.6), (5.0, 0.9, 1.1), (0.4, 0.9, 1.1), (26.0, 2.0, 2.0), (2.0, 2.0, 2.0)]
)
@pytest.mark.parametrize("activation", [SOFTMAX, SIGMOID])
def test_slabs_give_the_label_map_of_the_whole_array(
    spacing: "tuple[float, float, float] | None", direction: "tuple[float, ...]", activation: str
) -> None:
    grid = grid_of(spacing, direction)
    tissues = TissueTable.from_values([3, 7, 9])
    values = random_probabilities(grid, 4 if activation == SOFTMAX else 3)
    expected = np.array([0, 3, 7, 9])[most_probable(on_scan(grid, values), activation)]
    smooth = on_scan(grid, values[-3:])
    depth = grid.shape[0]
    for cuts in ([], list(range(1, depth)), [depth // 2] if depth > 1 else [], [1] if depth > 1 else []):
        result = assembled(grid, values, cuts, activation, tissues)
        assert np.array_equal(result.labels, expected)
        assert result.labels.dtype == np.uint8
        assert result.probabilities is not None
        assert np.array_equal(result.probabilities, smooth)


def test_ties_go_to_the_lower_value_and_half_counts_as_a_tissue() -> None:
    grid = grid_of(None)
    values = np.full((2, *grid.shape), 0.5, dtype=np.float32)
    values[:, 0] = np.nextafter(np.float32(0.5), np.float32(0))
    values[1, 1] = 0.6
    tissues = TissueTable.from_values([4, 300])
    labels = assembled(grid, values, [3], SIGMOID, tissues).labels
    assert labels.dtype == np.uint16
    assert set(np.unique(labels[0])) == {0}
    assert set(np.unique(labels[1])) == {300}
    assert set(np.unique(labels[2:])) == {4}
    labels = assembled(grid, np.full((3, *grid.shape), 1 / 3, dtype=np.float32), [], SOFTMAX, tissues).labels
    assert not labels.any()


def test_large_probabilities_lie_in_a_temporary_file_and_hold_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = grid_of((0.7, 0.5, 0.6), SAGITTAL)
    values = random_probabilities(grid, 3)
    tissues = TissueTable.from_values([1, 2])
    in_memory = assembled(grid, values, [2, 5], SOFTMAX, tissues).probabilities
    monkeypatch.setattr(assembly, "LARGEST_IN_MEMORY", 100)
    in_file = assembled(grid, values, [2, 5], SOFTMAX, tissues).probabilities
    assert isinstance(in_file, np.memmap)
    assert in_memory is not None
    assert np.array_equal(in_memory, in_file)


def test_full_temporary_disk_is_told_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "LARGEST_IN_MEMORY", 100)
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(SSLSegmentationError) as caught:
            assembly.large_array((2, 100, 100))
        assert (caught.value.code, caught.value.exit_code) == ("disk.full", 6)
        assert str(disk) in caught.value.message
        assert assembly.large_array((2, 10, 10)).sum() == 0


@pytest.mark.parametrize("slice_axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("direction", [*all_directions()[::5], *oblique_directions()[::5]])
def test_without_resampling_labels_and_probabilities_come_back_bit_exact(direction: np.ndarray, slice_axis: str) -> None:
    scan_grid = geometry(direction=direction, spacing=(0.7, 1.1, 2.3))
    grid = PreparedGrid.of(scan_grid, PreprocessPlan("zscore", (), None, slice_axis, 1))
    probabilities = np.random.default_rng(3).random((3, *scan_grid.shape)).astype(np.float32)
    prepared = np.stack([grid.turn.there(channel) for channel in probabilities])
    result = assembled(grid, prepared, [2], SOFTMAX, TissueTable.from_values([1, 2]))
    assert np.array_equal(result.labels, probabilities.argmax(axis=0))
    assert result.probabilities is not None
    assert np.array_equal(result.probabilities, probabilities[1:])


@pytest.mark.parametrize("direction", [*all_directions()[::7], *oblique_directions()[::7]])
def test_a_smooth_image_survives_finer_resampling_and_the_way_back(direction: np.ndarray) -> None:
    scan_grid = geometry((20, 24, 28), (1.0, 1.2, 2.0), direction)
    image = blob(scan_grid)
    prepared = open_prepared([Scan(image, scan_grid)], PreprocessPlan("zscore", (), (1.0, 0.6, 0.6), "coronal", 1))
    back = assembled(prepared.grid, whole_image(prepared), [7], SIGMOID, TissueTable.from_values([1])).probabilities
    assert back is not None
    expected = (image - image.mean(dtype=float)) / image.std(dtype=float)
    assert np.abs(back[0] - expected).max() < 0.12 * np.ptp(expected)
    assert np.corrcoef(back.ravel(), expected.ravel())[0, 1] > 0.999


def blob(grid: Geometry) -> npt.NDArray[np.float32]:
    """A smooth blob in world space around the centre of the grid."""
    index = np.stack(np.meshgrid(*[np.arange(size) for size in grid.shape[::-1]], indexing="ij"), axis=-1)
    world = index @ grid.matrix[:3, :3].T + grid.matrix[:3, 3]
    squared = ((world - grid.corners().mean(axis=0)) ** 2).sum(axis=-1)
    return np.exp(-squared / 200).transpose(2, 1, 0).astype(np.float32)
