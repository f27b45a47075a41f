"""The one shape that a run trains on, and cropping or padding arrays to it."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config.sections import Config

# An automatic training shape is a multiple of this,
SHAPE_MULTIPLE = 8
# no longer than this along an axis in 2D,
LONGEST_AXIS_2D = 512
# and of no more voxels than this in 3D.
MOST_VOXELS_3D = 128**3


def training_shape(config: Config, prepared_shapes: Sequence[Tuple[int, int, int]]) -> Tuple[int, ...]:
    """The training shape: (rows, columns) in 2D, (slices, rows, columns) in 3D.

    "auto" is the median size over the cases' prepared shapes (slices, rows, columns), rounded up to a multiple of 8 and
    bounded; the config's check has seen to it that a given shape has the right length.
    """
    dims = config.network.dims
    given = config.preprocess.training_shape
    if not isinstance(given, str):
        return tuple(int(size) for size in given)
    median = np.median(np.array(prepared_shapes, dtype=float), axis=0)[-dims:]
    sizes = [int(-(-size // SHAPE_MULTIPLE)) * SHAPE_MULTIPLE for size in median]
    if dims == 2:
        return tuple(min(size, LONGEST_AXIS_2D) for size in sizes)
    while np.prod(sizes) > MOST_VOXELS_3D:
        sizes[int(np.argmax(sizes))] -= SHAPE_MULTIPLE
    return tuple(sizes)


def fit_to_shape(
    array: npt.NDArray[Any], shape: Sequence[int], offset: Optional[Sequence[int]] = None
) -> Tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """`array` cropped or padded with 0 to `shape` along its last axes, and the mask of `shape` that is True inside the scan.

    `offset` is where the result starts in the array, per axis (negative: padding before it); the centre without one.
    """
    sizes = array.shape[array.ndim - len(shape) :]
    starts = centre_offset(sizes, shape) if offset is None else [int(start) for start in offset]
    source: List[slice] = []
    target: List[slice] = []
    for size, wanted, start in zip(sizes, shape, starts):
        low, high = max(start, 0), min(start + wanted, size)
        high = max(low, high)
        source.append(slice(low, high))
        target.append(slice(low - start, high - start))
    fitted = np.zeros((*array.shape[: array.ndim - len(shape)], *shape), dtype=array.dtype)
    fitted[_leading(target)] = array[_leading(source)]
    valid = np.zeros(tuple(shape), dtype=np.bool_)
    valid[tuple(target)] = True
    return fitted, valid


def _leading(last: List[slice]) -> Any:
    """Index of all leading axes and of `last`."""
    return (Ellipsis, *last)


def centre_offset(sizes: Sequence[int], shape: Sequence[int]) -> List[int]:
    """Offset for `fit_to_shape` that puts the array's centre at the result's centre."""
    return [(size - wanted) // 2 for size, wanted in zip(sizes, shape)]
