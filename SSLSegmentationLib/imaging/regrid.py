"""The same voxels on the same places, stored in another order: axes flipped or permuted, without interpolation."""

from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.geometry import SAME_GRID_VOXELS, Geometry

Array = npt.NDArray[Any]
# An index matrix whose entries lie further than this from -1, 0 and 1 is not a change of axes.
AXIS_TOLERANCE = 0.01


def index_map(source: Geometry, target: Geometry) -> Optional[Tuple[Tuple[int, ...], Tuple[int, ...]]]:
    """For each axis (i, j, k) of `target` the axis of `source` that runs along it, and its sign; None where axes differ."""
    matrix = np.linalg.inv(source.matrix[:3, :3]) @ target.matrix[:3, :3]
    rounded = np.rint(matrix)
    if (
        np.abs(matrix - rounded).max() > AXIS_TOLERANCE
        or not (np.abs(rounded).sum(0) == 1).all()
        or abs(np.linalg.det(rounded)) != 1
    ):
        return None
    axes = np.abs(rounded).argmax(0)
    return tuple(int(axis) for axis in axes), tuple(int(rounded[axis, column]) for column, axis in enumerate(axes))


def reoriented(geometry: Geometry, axes: Tuple[int, ...], signs: Tuple[int, ...]) -> Geometry:
    """`geometry` with its axes (i, j, k) turned: new axis n is old axis `axes[n]`, reversed where `signs[n]` is -1."""
    sizes = geometry.shape[::-1]
    matrix = geometry.matrix
    changed = np.eye(4)
    for new, (old, sign) in enumerate(zip(axes, signs)):
        changed[:3, new] = sign * matrix[:3, old]
    first = np.array([sizes[axis] - 1 if signs[axes.index(axis)] < 0 else 0 for axis in range(3)], dtype=float)
    changed[:3, 3] = matrix[:3, :3] @ first + matrix[:3, 3]
    shape = (sizes[axes[2]], sizes[axes[1]], sizes[axes[0]])
    return Geometry.from_matrix(changed, shape)


def reorient_array(array: Array, axes: Tuple[int, ...], signs: Tuple[int, ...]) -> Array:
    """The array (slices, rows, columns) that belongs to `reoriented`; the same object where nothing is turned."""
    if axes == (0, 1, 2) and signs == (1, 1, 1):
        return array
    by_index = array.transpose(2, 1, 0).transpose(axes)
    flips = tuple(slice(None, None, sign) for sign in signs)
    return np.ascontiguousarray(by_index[flips].transpose(2, 1, 0))


def onto_same_grid(array: Array, source: Geometry, target: Geometry) -> Optional[Array]:
    """`array` in the order of `target` where both grids hold the same voxels; None where they do not."""
    if target.same_grid(source):
        return array
    found = index_map(source, target)
    if found is None:
        return None
    turned = reoriented(source, *found)
    if not target.same_grid(turned):
        return None
    return reorient_array(array, *found)


def paste_part(array: Array, source: Geometry, target: Geometry) -> Optional[Array]:
    """`array`, stored for a box of `target`'s voxels, on all of `target` with 0 outside the box; None where it is no such box."""
    found = index_map(source, target)
    if found is None:
        return None
    turned = reoriented(source, *found)
    start = np.linalg.inv(target.matrix) @ np.append(turned.matrix[:3, 3], 1.0)
    corner = np.rint(start[:3]).astype(int)
    box = target_box(target, corner, turned.shape)
    if not box.same_grid(turned) or np.abs(start[:3] - corner).max() > SAME_GRID_VOXELS:
        return None
    low = corner[::-1]
    high = low + np.array(turned.shape)
    if (low < 0).any() or (high > np.array(target.shape)).any():
        return None
    pasted = np.zeros(target.shape, array.dtype)
    pasted[tuple(slice(int(begin), int(end)) for begin, end in zip(low, high))] = reorient_array(array, *found)
    return pasted


def target_box(target: Geometry, corner: npt.NDArray[Any], shape: Tuple[int, int, int]) -> Geometry:
    """The box of `target`'s grid that begins at voxel `corner` (i, j, k)."""
    origin = target.matrix[:3, :3] @ corner + target.matrix[:3, 3]
    return Geometry(shape, target.spacing, (float(origin[0]), float(origin[1]), float(origin[2])), target.direction)
