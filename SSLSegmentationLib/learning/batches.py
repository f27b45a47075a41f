"""Batches of slices (2D) or patches (3D) of one shape, drawn as data and cut straight from the memory-mapped cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import AugmentConfig
from SSLSegmentationLib.imaging.cache import CachedCase
from SSLSegmentationLib.imaging.preprocess import fit_to_shape
from SSLSegmentationLib.learning.oblique import TrilinearSampler, draw_shifts, draw_tilts, plane_points


@dataclass(frozen=True)
class BatchDraw:
    """Where each of N images comes from: its case, and the index of its first voxel (slices, rows, columns), which is
    negative where the shape is larger than the case."""

    case: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    # Radians about the column and the row axis (N, 2); None where all slices are cut straight (and in 3D).
    tilt: npt.NDArray[np.float64] | None = None
    # How far the middle of each tilted image is moved (N, 3), in voxels (slices, rows, columns).
    shift: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class ImageBatch:
    """images float32 (N, C, *S), labels uint8 (N, *S) or None, valid uint8 (N, 1, *S): 0 where an image was padded."""

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8] | None
    valid: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TissueSlices:
    """Where a tissue is: its value in the prepared label maps, and the case and number of each slice that holds it."""

    value: int
    cases: npt.NDArray[np.int64]
    slices: npt.NDArray[np.int64]


class BatchSource:
    """Draws and cuts batches of `shape` (rows, columns or slices, rows, columns) from cases.

    In 2D, `neighbour_slices` slices on each side join as further channels, the outermost slice repeated.
    """

    def __init__(self, cases: Sequence[CachedCase], *, shape: tuple[int, ...], neighbour_slices: int = 0) -> None:
        self.cases = tuple(cases)
        self.shape = shape
        self.neighbour_slices = neighbour_slices if len(shape) == 2 else 0
        self._sizes = np.array([case.image.shape[1:] for case in self.cases], dtype=np.int64)
        self._spacings = np.array([case.spacing for case in self.cases], dtype=np.float64)
        self._extent = np.array((1, *shape) if len(shape) == 2 else shape, dtype=np.int64)
        self._slice_case = np.repeat(np.arange(len(self.cases)), self._sizes[:, 0])
        self._slice_index = np.concatenate([np.arange(size) for size in self._sizes[:, 0]])
        self._tissue_slices = self._find_tissue_slices()

    @property
    def images_per_epoch(self) -> int:
        """Slices (2D), or shapes that fill the cases' volume (3D)."""
        if len(self.shape) == 2:
            return len(self._slice_case)
        return int(max(len(self.cases), np.ceil(np.prod(self._sizes, axis=1) / np.prod(self._extent)).sum()))

    @property
    def channels(self) -> int:
        return int(self.cases[0].image.shape[0]) * (2 * self.neighbour_slices + 1)

    def draw(self, rng: np.random.Generator, count: int, *, foreground_share: float = 0.0) -> BatchDraw:
        """`count` images; `foreground_share` of them hold a voxel of a tissue, each tissue as often as the others."""
        wanted = rng.random(count) < foreground_share if self._tissue_slices else np.zeros(count, dtype=bool)
        case = np.empty(count, dtype=np.int64)
        middle = np.empty(count, dtype=np.int64)
        tissue = np.zeros(count, dtype=np.int64)
        for number in range(count):
            cases, slices = self._slice_case, self._slice_index
            if wanted[number]:
                found = self._tissue_slices[rng.integers(len(self._tissue_slices))]
                tissue[number], cases, slices = found.value, found.cases, found.slices
            chosen = rng.integers(len(cases))
            case[number], middle[number] = cases[chosen], slices[chosen]
        start = self._starts(rng, case, middle)
        for number in np.flatnonzero(tissue).tolist():
            self._move_onto(start[number], self.cases[case[number]], int(middle[number]), int(tissue[number]), rng)
        return BatchDraw(case, start)

    def draw_each(self, rng: np.random.Generator) -> BatchDraw:
        """Each slice once (2D), or as many patches as an epoch has (3D)."""
        if len(self.shape) == 2:
            return BatchDraw(self._slice_case, self._starts(rng, self._slice_case, self._slice_index))
        return self.draw(rng, self.images_per_epoch)

    def _starts(
        self, rng: np.random.Generator, case: npt.NDArray[np.int64], middle: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        room = self._sizes[case] - self._extent
        # Any place where the larger of the two holds the smaller one, so that the network learns no place by heart.
        start: npt.NDArray[np.int64] = np.sign(room) * rng.integers(0, np.abs(room) + 1)
        if len(self.shape) == 2:
            start[:, 0] = middle
        else:
            around = middle - rng.integers(self._extent[0], size=len(case))
            start[:, 0] = np.where(room[:, 0] > 0, np.clip(around, 0, np.maximum(room[:, 0], 0)), start[:, 0])
        return start

    def _move_onto(
        self, start: npt.NDArray[np.int64], case: CachedCase, slice_index: int, tissue: int, rng: np.random.Generator
    ) -> None:
        """Moves the place of an image, in its plane, to a random one that holds a random voxel of the tissue in the slice."""
        size, extent = np.array(case.image.shape[2:]), self._extent[1:]
        if (size <= extent).all():
            return  # it holds the whole slice
        assert case.label is not None  # a tissue was found in it
        places = np.flatnonzero(case.label[slice_index] == tissue)
        voxel = np.array(np.unravel_index(places[rng.integers(len(places))], tuple(size)))
        first, last = np.maximum(0, voxel - extent + 1), np.minimum(voxel, size - extent)
        start[1:] = np.where(size > extent, rng.integers(first, np.maximum(first, last) + 1), start[1:])

    def cut(self, draw: BatchDraw) -> ImageBatch:
        """The drawn images, padded with 0 (the mean) and background."""
        images, labels, valid = [], [], []
        for number, (index, start) in enumerate(zip(draw.case, draw.start, strict=True)):
            case = self.cases[int(index)]
            if draw.tilt is not None and draw.tilt[number].any():
                shift = np.zeros(3) if draw.shift is None else draw.shift[number]
                image, label, inside = self._cut_oblique(case, start + shift, draw.tilt[number])
                images.append(image)
                valid.append(inside)
                if label is not None:
                    labels.append(label)
                continue
            image, label, offset = case.image, case.label, start
            if len(self.shape) == 2:
                image = self.slice_of(case, int(start[0]))
                label = None if label is None else label[int(start[0])]
                offset = start[1:]
            fitted, inside = fit_to_shape(image, self.shape, offset)
            images.append(fitted)
            valid.append(inside)
            if label is not None:
                labels.append(fit_to_shape(label, self.shape, offset)[0])
        all_labelled = len(labels) == len(images)
        return ImageBatch(
            np.stack(images), np.stack(labels) if all_labelled else None, np.stack(valid)[:, np.newaxis].astype(np.uint8)
        )

    def spacing_of(self, draw: BatchDraw) -> npt.NDArray[np.float64]:
        """Voxel sizes in mm (N, d) along the axes of each drawn image, those of its prepared case."""
        return self._spacings[draw.case][:, -len(self.shape) :]

    def with_tilts(self, draw: BatchDraw, augment: AugmentConfig, rng: np.random.Generator) -> BatchDraw:
        """The draw with tilted slices (2D); in 3D the draw as it is."""
        if len(self.shape) != 2 or not augment.tilt_probability:
            return draw
        rows, columns = self.shape
        depths = self._sizes[draw.case, 0].astype(np.float64)
        tilt = draw_tilts(augment, self._spacings[draw.case], depths, shape=(rows, columns), rng=rng)
        return replace(draw, tilt=tilt, shift=draw_shifts(augment, count=len(tilt), rng=rng))

    def _cut_oblique(
        self, case: CachedCase, start: npt.NDArray[np.float64], tilt: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8] | None, npt.NDArray[np.bool_]]:
        rows, columns = self.shape
        middle = start + np.array([0, (rows - 1) / 2, (columns - 1) / 2])
        slices, height, width = case.image.shape[1:]
        points = plane_points((rows, columns), middle=middle, tilt=tilt, spacing=np.array(case.spacing))
        sampler = TrilinearSampler(points, (slices, height, width))
        channels = [sampler.intensities(channel, neighbours=self.neighbour_slices) for channel in case.image]
        label = None if case.label is None else sampler.labels(case.label).reshape(self.shape)
        return np.stack(channels, axis=1).reshape(-1, *self.shape), label, sampler.valid().reshape(self.shape)

    def slice_of(self, case: CachedCase, index: int) -> npt.NDArray[np.float32]:
        """One whole slice (C, rows, columns) of a case with its neighbours."""
        if not self.neighbour_slices:
            return np.asarray(case.image[:, index])
        offsets = np.arange(-self.neighbour_slices, self.neighbour_slices + 1)
        slices = np.clip(index + offsets, 0, case.image.shape[1] - 1)
        return np.concatenate([case.image[:, int(each)] for each in slices])

    def _find_tissue_slices(self) -> list[TissueSlices]:
        """Each tissue that occurs."""
        tissues = max((len(case.class_slices) for case in self.cases), default=0)
        found = []
        for tissue in range(tissues):
            pairs = [
                (index, int(slice_index))
                for index, case in enumerate(self.cases)
                if tissue < len(case.class_slices)
                for slice_index in case.class_slices[tissue]
            ]
            if pairs:
                cases, slices = zip(*pairs, strict=True)
                found.append(TissueSlices(tissue + 1, np.array(cases, dtype=np.int64), np.array(slices, dtype=np.int64)))
        return found
