"""Separable resampling between two grids that share their outer edges: linear for intensities, nearest for labels.

A voxel is a box: output voxel o of n' lies at input position (o + 1/2)·n/n' − 1/2, and positions beyond the first and last
voxel centres take the border voxel. Equal sizes give the input back bit for bit.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Tuple

import numpy as np
import numpy.typing as npt

# Voxels that are worked on at once: small enough for the processor's cache, large enough to hide numpy's overhead.
SLAB_VOXELS = 1 << 20

Shape = Tuple[int, int, int]
FloatArray = npt.NDArray[np.float32]
IndexArray = npt.NDArray[np.intp]


def slabs(shape: Tuple[int, ...], voxels: int = SLAB_VOXELS) -> Iterator[Tuple[int, int]]:
    """(start, stop) along the first of the last three axes so that no slab holds many more than `voxels` voxels."""
    depth = shape[-3]
    step = max(1, voxels // max(1, int(np.prod(shape[-2:]))))
    for start in range(0, depth, step):
        yield start, min(depth, start + step)


def nearest_index(source: int, target: int) -> IndexArray:
    """Input index of each output voxel, nearest neighbour."""
    return np.minimum(((2 * np.arange(target, dtype=np.int64) + 1) * source) // (2 * target), source - 1).astype(np.intp)


def _linear_index(source: int, target: int) -> Tuple[IndexArray, IndexArray, FloatArray]:
    """Lower and upper input index and the upper one's weight, for each output voxel."""
    position = np.clip((np.arange(target) + 0.5) * (source / target) - 0.5, 0.0, source - 1.0)
    lower = np.minimum(np.floor(position).astype(np.intp), max(source - 2, 0))
    upper = np.minimum(lower + 1, source - 1)
    return lower, upper, (position - lower).astype(np.float32)


def resample_nearest(array: npt.NDArray[Any], shape: Shape) -> npt.NDArray[Any]:
    """`array` (slices, rows, columns) on `shape`; a view where the shapes are equal."""
    for axis, (source, target) in enumerate(zip(array.shape, shape)):
        if source != target:
            array = np.take(array, nearest_index(source, target), axis=axis)
    return array


class LinearResampler:
    """Linear resampling of (slices, rows, columns) arrays of one shape to another, any range of output slices at a time."""

    def __init__(self, source: Shape, target: Shape) -> None:
        self.source = source
        self.target = target
        self._axes = [_linear_index(before, after) for before, after in zip(source, target)]

    def slab(self, plane_of: Callable[[int], npt.NDArray[Any]], start: int, stop: int) -> FloatArray:
        """Output slices `start` to `stop` as float32 (stop − start, rows, columns); `plane_of` gives an input slice."""
        result = np.empty((stop - start, *self.target[1:]), dtype=np.float32)
        lower, upper, weight = self._axes[0]
        for number in range(start, stop):
            plane = np.asarray(plane_of(int(lower[number])), dtype=np.float32)
            if weight[number] > 0:
                plane = plane + weight[number] * (np.asarray(plane_of(int(upper[number])), dtype=np.float32) - plane)
            result[number - start] = self._plane(plane)
        return result

    def _plane(self, plane: FloatArray) -> FloatArray:
        for axis in (0, 1):
            if self.source[axis + 1] != self.target[axis + 1]:
                lower, upper, weight = self._axes[axis + 1]
                low = np.take(plane, lower, axis=axis)
                high = np.take(plane, upper, axis=axis)
                high -= low
                high *= weight[:, None] if axis == 0 else weight
                low += high
                plane = low
        return plane
