"""Label images of segments brought onto the grid of a volume."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.scene import images, transforms
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import SAME_GRID_VOXELS

# Voxels that Slicer resamples in one step, about 15 ms of work.
RESAMPLED_AT_ONCE = 1 << 18
# Half-open ranges of (slices, rows, columns).
Bounds = Tuple[Tuple[int, int], Tuple[int, int], Tuple[int, int]]


def fill(
    target: images.Array, image: Any, *, grid: transforms.Matrix, moved: transforms.Matrix, values: Mapping[int, int]
) -> Iterator[Progress]:
    """Writes an image's labels into `target` (slices, rows, columns), each as the value that `values` gives it.

    `grid` maps voxel indices (i, j, k) of `target` to RAS mm, `moved` the image's RAS mm to those. Voxels that coincide
    are copied; others are resampled by Slicer, nearest neighbour. Raises `data.unreadable` where the image is edited.
    """
    stamp = image.GetMTime()
    index_map = np.linalg.inv(grid) @ moved @ transforms.matrix_of_image(image)
    low, high = _bounds(image, index_map, target.shape)
    offset = _offset(index_map, image.GetExtent())
    step = images.STEP_VOXELS if offset is not None else RESAMPLED_AT_ONCE
    size = tuple(max(0, last - first) for first, last in zip(low, high))
    if 0 in size:
        return
    rows, columns = slice(low[1], high[1]), slice(low[2], high[2])
    for part in images.slabs(size, step):
        yield Progress(_("Reading the segments"), part.start / size[0])
        if image.GetMTime() != stamp:
            raise SSLSegmentationError("data.unreadable", _("A segment was edited while it was read."), hint=_("Start again."))
        here = (slice(low[0] + part.start, low[0] + part.stop), rows, columns)
        labels = _copied(image, here, offset) if offset is not None else _resampled(image, here, grid, moved)
        target[here] = translated(labels, values)


def translated(labels: images.Array, values: Mapping[int, int]) -> images.Array:
    """`labels` by `values`; 0 for labels that are not in it."""
    if labels.dtype.kind == "u" and labels.dtype.itemsize <= 2:
        table = np.zeros(np.iinfo(labels.dtype).max + 1, np.uint8 if max(values.values()) < 2**8 else np.uint32)
        for before, after in values.items():
            table[before] = after
        return table[labels]
    result = np.zeros(labels.shape, np.uint32)
    for before, after in values.items():
        result[labels == before] = after
    return result


def _bounds(image: Any, index_map: transforms.Matrix, shape: Tuple[int, ...]) -> Tuple[List[int], List[int]]:
    """First and last + 1 index (slices, rows, columns) of the part of the grid that the image can reach."""
    extent = image.GetExtent()
    if any(extent[2 * axis] > extent[2 * axis + 1] for axis in range(3)):
        return [0, 0, 0], [0, 0, 0]
    # Half a voxel around the outermost voxel centres still belongs to the image.
    corners = np.array(
        [
            [extent[i] + (i - 0.5), extent[2 + j] + (j - 0.5), extent[4 + k] + (k - 0.5), 1.0]
            for i in (0, 1)
            for j in (0, 1)
            for k in (0, 1)
        ]
    )
    reached = (index_map @ corners.T)[:3][::-1]
    low = np.maximum(0, np.floor(reached.min(axis=1) + SAME_GRID_VOXELS)).astype(int)
    high = np.minimum(shape, np.ceil(reached.max(axis=1) - SAME_GRID_VOXELS) + 1).astype(int)
    return [int(value) for value in low], [int(value) for value in high]


def _offset(index_map: transforms.Matrix, extent: Tuple[int, ...]) -> Optional[Tuple[int, int, int]]:
    """What to add to an image's index (slices, rows, columns) to get that of the grid; None where voxels do not coincide."""
    whole = np.rint(index_map[:3, 3])
    expected = np.eye(4)
    expected[:3, 3] = whole
    reach = np.array(
        [max(abs(extent[0]), abs(extent[1])), max(abs(extent[2]), abs(extent[3])), max(abs(extent[4]), abs(extent[5])), 1]
    )
    if (np.abs(index_map - expected)[:3] @ reach).max() > SAME_GRID_VOXELS:
        return None
    return int(whole[2]), int(whole[1]), int(whole[0])


def _copied(image: Any, here: images.Box, offset: Tuple[int, int, int]) -> images.Array:
    extent = image.GetExtent()
    source = images.voxels(image)
    first = [extent[4] + offset[0], extent[2] + offset[1], extent[0] + offset[2]]
    result = np.zeros([part.stop - part.start for part in here], source.dtype)
    low = [max(part.start, begin) for part, begin in zip(here, first)]
    high = [min(part.stop, begin + size) for part, begin, size in zip(here, first, source.shape)]
    if all(begin < end for begin, end in zip(low, high)):
        inside = tuple(slice(begin - part.start, end - part.start) for part, begin, end in zip(here, low, high))
        taken = tuple(slice(begin - start, end - start) for start, begin, end in zip(first, low, high))
        result[inside] = source[taken]
    return result


def _resampled(image: Any, here: images.Box, grid: transforms.Matrix, moved: transforms.Matrix) -> images.Array:
    reference, result = slicer.vtkOrientedImageData(), slicer.vtkOrientedImageData()
    reference.SetExtent(*(bound for part in reversed(here) for bound in (part.start, part.stop - 1)))
    reference.SetImageToWorldMatrix(transforms.to_vtk(grid))
    transform = vtk.vtkTransform()
    transform.SetMatrix(transforms.to_vtk(moved))
    resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
    if not resample(image, reference, result, False, False, transform):
        raise SSLSegmentationError("data.unreadable", _("A segment could not be brought onto the volume's grid."))
    return images.voxels(result)
