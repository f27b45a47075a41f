"""The voxels of one tissue, cut out once, as every measure of it needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from SSLSegmentationLib.contract.measures import Measure
from SSLSegmentationLib.imaging.geometry import Geometry

Box = Tuple[slice, slice, slice]
Mask = npt.NDArray[np.bool_]
# scipy lists a box for every value up to the highest: beyond this, only the values that occur are looked at.
HIGHEST_LISTED = 65535


@dataclass(frozen=True)
class Region:
    """A tissue that is there: `box` within the volume, `mask` of the box, `values` of the image in the mask (1D, own type)."""

    label: int
    box: Box
    mask: Mask
    values: npt.NDArray[Any]
    geometry: Geometry
    slice_axis: int

    @property
    def voxels(self) -> int:
        return int(self.values.size)

    def slice_counts(self) -> npt.NDArray[np.int64]:
        """Voxels in each slice of the box, along the slice axis."""
        others = tuple(axis for axis in range(3) if axis != self.slice_axis)
        return np.asarray(np.count_nonzero(self.mask, axis=others), dtype=np.int64)


@dataclass(frozen=True)
class Biomarker:
    """One kind of measure: its columns, and the function from a tissue to their values."""

    measures: Tuple[Measure, ...]
    compute: Callable[[Region], Dict[str, Optional[float]]]


def find_boxes(labels: npt.NDArray[Any]) -> Dict[int, Box]:
    """Bounding box of every label but 0 that occurs, in ascending order of the labels."""
    highest = int(labels.max()) if labels.size else 0
    if highest <= HIGHEST_LISTED:
        boxes = ndimage.find_objects(labels)
        return {number: box for number, box in enumerate(boxes, start=1) if box is not None}
    values, ranks = np.unique(labels, return_inverse=True)
    first = 1 if values[0] != 0 else 0
    boxes = ndimage.find_objects(ranks.reshape(labels.shape).astype(np.int64) + first)
    named = values if first else values[1:]
    return {int(value): box for value, box in zip(named, boxes)}


def touches_faces(box: Box, geometry: Geometry) -> bool:
    """Whether a box reaches an outer face of the volume. An axis of one voxel has no faces: a slice is no cut volume."""
    return any(length > 1 and (part.start == 0 or part.stop == length) for part, length in zip(box, geometry.shape))


def slice_axis_of(geometry: Geometry) -> int:
    """The array axis across which slices lie: the only one of one voxel, else that of the largest spacing, else axial.

    "Largest" means by at least 5 %; where no axis stands out it is the one closest to head–foot.
    """
    single = [axis for axis, length in enumerate(geometry.shape) if length == 1]
    if len(single) == 1:
        return single[0]
    spacing = np.array(geometry.spacing[::-1])
    order = np.argsort(spacing)
    if spacing[order[2]] >= 1.05 * spacing[order[1]]:
        return int(order[2])
    head = np.abs(np.array(geometry.direction).reshape(3, 3)[2])
    return 2 - int(np.argmax(head))
