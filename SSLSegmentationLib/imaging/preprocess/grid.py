"""The grid of a prepared image and how it lies in its scan's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess.orientation import Turn, array_spacing, turn_to_lps
from SSLSegmentationLib.imaging.preprocess.plan import PreprocessPlan

Shape = Tuple[int, int, int]


@dataclass(frozen=True)
class PreparedGrid:
    """A scan's grid and what preparation did to it.

    `turned_shape` is the scan's shape after `turn`, `shape` that of the prepared grid (slices, rows, columns), which
    shares its outer edges; `spacing` is the prepared grid's true spacing in mm (whole voxels fill the scan's extent, so
    it can differ a little from the plan's). The way back is exact where `resampled` is False.
    """

    geometry: Geometry
    turn: Turn
    turned_shape: Shape
    shape: Shape
    spacing: Tuple[float, float, float]

    @classmethod
    def of(cls, geometry: Geometry, plan: PreprocessPlan) -> "PreparedGrid":
        """The grid on which `plan` prepares a scan of `geometry`."""
        turn = turn_to_lps(geometry, plan.slice_axis)
        turned: Shape = turn.reorder(geometry.shape)
        own = turn.reorder(array_spacing(geometry))
        if plan.spacing is None:
            return cls(geometry, turn, turned, turned, own)
        sizes = [max(1, int(round(count * before / after))) for count, before, after in zip(turned, own, plan.spacing)]
        shape = (sizes[0], sizes[1], sizes[2])
        spacing = [count * before / size for count, before, size in zip(turned, own, sizes)]
        return cls(geometry, turn, turned, shape, (spacing[0], spacing[1], spacing[2]))

    @property
    def resampled(self) -> bool:
        """Whether the prepared grid has other voxels than the scan."""
        return self.shape != self.turned_shape
