"""Voxels of VTK images as numpy arrays that share their memory, and the slabs in which they are worked on."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Tuple

import numpy as np
import numpy.typing as npt
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from SSLSegmentationLib.gui.operation import Progress, Steps

Array = npt.NDArray[Any]
Shape = Tuple[int, int, int]
Box = Tuple[slice, slice, slice]
# Voxels of one step: a few milliseconds of copying or counting.
STEP_VOXELS = 1 << 20
# What VTK has no type for, and the type that holds it without loss.
HELD_AS: "Dict[np.dtype[Any], np.dtype[Any]]" = {
    np.dtype(np.bool_): np.dtype(np.uint8),
    np.dtype(np.float16): np.dtype(np.float32),
}


def voxels(image: Any) -> Array:
    """Array (slices, rows, columns) of an image of one component: a view of its memory, not a copy."""
    columns, rows, slices = image.GetDimensions()
    scalars = image.GetPointData().GetScalars()
    if scalars is None or min(columns, rows, slices) <= 0:
        return np.zeros((max(0, slices), max(0, rows), max(0, columns)), np.uint8)
    view: Array = vtk_to_numpy(scalars).reshape(slices, rows, columns)
    return view


def allocate(image: Any, dtype: "np.dtype[Any]") -> Array:
    """Gives an image, whose extent is set, memory of one component; its voxels are not initialised."""
    image.AllocateScalars(get_vtk_array_type(held_dtype(dtype)), 1)
    return voxels(image)


def held_dtype(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    """The native type in which VTK holds values of `dtype`."""
    held: "np.dtype[Any]" = HELD_AS.get(np.dtype(dtype), np.dtype(dtype))
    native: "np.dtype[Any]" = held.newbyteorder("=")
    return native


def slabs(shape: Tuple[int, ...], voxels_at_once: int = STEP_VOXELS) -> Iterator[slice]:
    """Ranges of the first axis of about `voxels_at_once` voxels each."""
    per_slice = max(1, int(np.prod(shape[1:], dtype=np.int64)))
    thickness = max(1, voxels_at_once // per_slice)
    for start in range(0, shape[0], thickness):
        yield slice(start, min(start + thickness, shape[0]))


def box_of(labels: Array, *, text: str) -> Steps[Box]:
    """The smallest box that holds all voxels above 0; its size is 0 where there are none."""
    used: Array = np.zeros(labels.shape[0], bool)
    face: Array = np.zeros(labels.shape[1:], bool)
    for part in slabs(labels.shape):
        yield Progress(text, part.start / labels.shape[0])
        slab = labels[part] > 0
        used[part] = slab.reshape(len(slab), -1).any(axis=1)
        np.logical_or(face, slab.any(axis=0), out=face)
    return _range(used), _range(np.any(face, axis=1)), _range(np.any(face, axis=0))


def _range(used: Array) -> slice:
    where = np.flatnonzero(used)
    return slice(int(where[0]), int(where[-1]) + 1) if where.size else slice(0, 0)
