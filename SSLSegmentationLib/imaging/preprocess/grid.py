"""The grid of a prepared image and the exact way back to its scan's own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess.orientation import Turn, array_spacing, turn_to_lps
from SSLSegmentationLib.imaging.preprocess.plan import PreprocessPlan
from SSLSegmentationLib.imaging.preprocess.resampling import SLAB_VOXELS, LinearResampler, resample_nearest, slabs

Shape = Tuple[int, int, int]
FloatArray = npt.NDArray[np.float32]
LabelArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PreparedGrid:
    """A scan's grid and what preparation did to it.

    `turned_shape` is the scan's shape after `turn`, `shape` that of the prepared grid (slices, rows, columns), which
    shares its outer edges; `spacing` is the prepared grid's true spacing in mm (whole voxels fill the scan's extent, so
    it can differ a little from the plan's). The inverses are bit exact where `resampled` is False.
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

    def labels_to_scan(self, labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Labels (S, H, W) of the prepared grid on the scan's (slices, rows, columns); nearest where resampled."""
        self._check(labels.shape)
        return np.ascontiguousarray(self.turn.back(resample_nearest(labels, self.turned_shape)))

    def probabilities_to_scan(self, probabilities: npt.NDArray[Any]) -> FloatArray:
        """Probabilities (T, S, H, W) on the scan's grid as float32 (T, slices, rows, columns); linear where resampled."""
        self._check(probabilities.shape[1:])
        result = np.empty((len(probabilities), *self.geometry.shape), dtype=np.float32)
        resampler = LinearResampler(self.shape, self.turned_shape)
        for number, channel in enumerate(probabilities):
            turned = self.turn.there(result[number])
            for start, stop in slabs(self.turned_shape):
                turned[start:stop] = resampler.slab(channel.__getitem__, start, stop) if self.resampled else channel[start:stop]
        return result

    def argmax_to_scan(self, probabilities: npt.NDArray[Any], *, threshold: Optional[float] = None) -> LabelArray:
        """Most probable label of each scan voxel from (T, S, H, W), slab by slab: memory beyond the result stays small.

        Without `threshold` channel 0 is the background and the result is the channel's number. With it all channels are
        tissues: 1 + the channel's number where its probability reaches the threshold, else 0. Ties go to the lower number.
        """
        self._check(probabilities.shape[1:])
        result = np.zeros(self.geometry.shape, dtype=np.uint8)
        turned = self.turn.there(result)
        resampler = LinearResampler(self.shape, self.turned_shape)
        # A value must beat this; the number just below the threshold lets the threshold itself count as reached.
        floor = np.float32(-np.inf) if threshold is None else np.nextafter(np.float32(threshold), np.float32(-np.inf))
        first = 0 if threshold is None else 1
        for start, stop in slabs(self.turned_shape, SLAB_VOXELS // 4):
            best = np.full((stop - start, *self.turned_shape[1:]), floor, dtype=np.float32)
            label = np.zeros(best.shape, dtype=np.uint8)
            for number, channel in enumerate(probabilities):
                values = (
                    resampler.slab(channel.__getitem__, start, stop)
                    if self.resampled
                    else np.asarray(channel[start:stop], dtype=np.float32)
                )
                np.copyto(label, np.uint8(first + number), where=values > best)
                np.maximum(best, values, out=best)
            turned[start:stop] = label
        return result

    def _check(self, shape: Tuple[int, ...]) -> None:
        if tuple(shape) != self.shape:
            raise ValueError(f"the array has shape {tuple(shape)}, the prepared grid {self.shape}")
