"""Turning an array's axes to the closest LPS order by permutation and flips; exact, also for oblique scans."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Dict, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.geometry import Geometry

Axes = Tuple[int, int, int]
Shape = Tuple[int, int, int]

# Which array axis of the closest LPS order (S, P, L) is moved to the front.
SLICE_AXES: Dict[str, int] = {"axial": 0, "coronal": 1, "sagittal": 2}


@dataclass(frozen=True)
class Turn:
    """A permutation of the three array axes, then a flip of some of them; what is written to the turned view is put back."""

    axes: Axes
    flips: Tuple[bool, bool, bool]

    def there(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """View of a (slices, rows, columns) array in the turned order."""
        steps = tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flips)
        turned: npt.NDArray[Any] = array.transpose(self.axes)[steps]
        return turned

    def reorder(self, values: Tuple[Any, Any, Any]) -> Tuple[Any, Any, Any]:
        """One value per array axis (shape, spacing) in the turned order."""
        return (values[self.axes[0]], values[self.axes[1]], values[self.axes[2]])


def turn_to_lps(geometry: Geometry, slice_axis: str) -> Turn:
    """The turn to the closest LPS order, array axes (S, P, L) with rising indices, with `slice_axis` moved to the front.

    "Closest" is the pairing of array axes with world axes of the largest sum of |cosines|.
    """
    cosines = np.array(geometry.direction, dtype=float).reshape(3, 3)[::-1, ::-1]  # rows: world S, P, L; columns: array axes
    best = max(
        itertools.permutations(range(3)), key=lambda axes: float(sum(abs(cosines[world, axes[world]]) for world in range(3)))
    )
    flips = [bool(cosines[world, best[world]] < 0) for world in range(3)]
    front = SLICE_AXES[slice_axis]
    order = [front] + [axis for axis in range(3) if axis != front]
    return Turn((best[order[0]], best[order[1]], best[order[2]]), (flips[order[0]], flips[order[1]], flips[order[2]]))


def array_spacing(geometry: Geometry) -> Tuple[float, float, float]:
    """Spacing in mm in the array's order (slices, rows, columns)."""
    return (geometry.spacing[2], geometry.spacing[1], geometry.spacing[0])
