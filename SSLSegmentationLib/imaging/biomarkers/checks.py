"""What must hold before anything is measured: one grid, finite values, known labels."""

from __future__ import annotations

from typing import Any, Iterable, Union

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan


def volume_name(volume: Union[Scan, LabelMap], default: str) -> str:
    """The file that a volume was read from, for messages; `default` where it comes from memory."""
    return default if volume.path is None else str(volume.path)


def require_same_grid(geometry: Geometry, *, name: str, other: Geometry, other_name: str) -> None:
    """Raises `data.grid_mismatch` with both shapes, or with the largest shift in voxels."""
    if geometry.same_grid(other):
        return
    if geometry.shape != other.shape:
        fact = f"{name} has {_size(geometry)} voxels, {other_name} has {_size(other)}"
    else:
        fact = f"{name} lies up to {geometry.largest_shift(other):.3g} voxels away from {other_name}"
    raise SSLSegmentationError("data.grid_mismatch", f"The grids differ: {fact}.")


def _size(geometry: Geometry) -> str:
    return " × ".join(str(length) for length in reversed(geometry.shape))


def count_not_finite(array: npt.NDArray[Any]) -> int:
    """NaN and infinite values of a volume, counted slice by slice."""
    if not np.issubdtype(array.dtype, np.floating):
        return 0
    return sum(int(part.size - np.count_nonzero(np.isfinite(part))) for part in array)


def require_finite(scan: Scan, *, name: str) -> None:
    """Raises `data.not_finite` with the number of NaN and infinite voxels."""
    count = count_not_finite(scan.array)
    if count:
        raise SSLSegmentationError("data.not_finite", f"{name} holds NaN or infinite values in {counted(count, 'voxel')}.")


def require_known_labels(found: Iterable[int], *, tissues: TissueTable, name: str) -> None:
    """Raises `data.unknown_label` where a table that was given lacks a label; a table made from a file can't be violated."""
    unknown = sorted(set(found) - set(tissues.values))
    if tissues.given and unknown:
        listed = ", ".join(str(value) for value in unknown[:10]) + (" …" if len(unknown) > 10 else "")
        raise SSLSegmentationError("data.unknown_label", f"{name} holds labels that the tissue table lacks: {listed}.")
