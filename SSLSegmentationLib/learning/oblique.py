"""Oblique slices: a 2D training image cut at a tilt through its volume, so that few volumes give many different slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import AugmentConfig

FloatArray = npt.NDArray[np.float64]

# Tilted images reach over at most this many slices on each side of their middle: what is read stays bounded.
MOST_SLICES = 24
# Slices that lie further apart than this many pixels are not cut at a tilt: too little lies between them.
MOST_ANISOTROPY = 3.0


def draw_tilts(
    augment: AugmentConfig, spacings: FloatArray, depths: FloatArray, *, shape: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """Tilts (N, 2) in radians about the column axis and the row axis; 0 where none is drawn.

    `spacings` (N, 3) in mm and `depths` (N,) in slices are those of each image's case, `shape` is (rows, columns). Tilts are
    made smaller where they would reach over more than `MOST_SLICES` or half of the case's slices, so that a single slice
    is never tilted, and left out where slices lie far apart.
    """
    count = len(spacings)
    low, high = np.radians(augment.tilt_degrees)
    tilts = rng.uniform(low, high, (count, 2)) * (rng.random((count, 1)) < augment.tilt_probability)
    half = np.array(shape) / 2 * spacings[:, 1:] / spacings[:, :1]
    room = np.minimum(MOST_SLICES, (depths[:, np.newaxis] - 1) / 2)
    sines = np.sin(tilts)
    reach = (half * np.abs(sines)).sum(1, keepdims=True)
    tilts = np.arcsin(sines * np.minimum(1, room / np.maximum(reach, 1e-9)))
    thick = spacings[:, :1] > MOST_ANISOTROPY * spacings[:, 1:].min(1, keepdims=True)
    result: FloatArray = np.where(thick, 0.0, tilts)
    return result


def draw_shifts(augment: AugmentConfig, *, count: int, rng: np.random.Generator) -> FloatArray:
    """How far tilted images are moved (N, 3) in voxels: half a slice at most, rows and columns within `shift_voxels`."""
    low, high = augment.shift_voxels
    return np.concatenate([rng.uniform(-0.5, 0.5, (count, 1)), rng.uniform(low, high, (count, 2))], axis=1)


def plane_points(shape: tuple[int, int], *, middle: FloatArray, tilt: FloatArray, spacing: FloatArray) -> FloatArray:
    """Voxel coordinates (3, rows·columns) of a tilted image whose centre lies at `middle` (slice, row, column).

    The tilt is rigid in mm.
    """
    rows, columns = shape
    y, x = np.meshgrid(np.arange(rows) - (rows - 1) / 2, np.arange(columns) - (columns - 1) / 2, indexing="ij")
    plane = np.stack([np.zeros(y.size), y.ravel(), x.ravel()]) * spacing[:, np.newaxis]
    (sin_y, sin_x), (cos_y, cos_x) = np.sin(tilt), np.cos(tilt)
    about_columns = np.array([[cos_y, -sin_y, 0], [sin_y, cos_y, 0], [0, 0, 1]])
    about_rows = np.array([[cos_x, 0, -sin_x], [0, 1, 0], [sin_x, 0, cos_x]])
    points: FloatArray = (about_columns @ about_rows @ plane) / spacing[:, np.newaxis] + middle[:, np.newaxis]
    return points


class TrilinearSampler:
    """Reads a volume (slices, rows, columns) at points; what lies outside counts as nothing."""

    def __init__(self, points: FloatArray, size: tuple[int, int, int]) -> None:
        """`points` (3, P) in voxels."""
        low = np.floor(points)
        part = (points - low).astype(np.float32)
        first = low.astype(np.intp)
        index: npt.NDArray[np.intp] = np.zeros((1, points.shape[1]), dtype=np.intp)
        weight: npt.NDArray[np.float32] = np.ones((1, points.shape[1]), dtype=np.float32)
        # Both neighbours along rows and columns; their four combinations come from broadcasting.
        for axis in (1, 2):
            both = np.stack([first[axis], first[axis] + 1])
            share = np.stack([1 - part[axis], part[axis]]) * ((both >= 0) & (both < size[axis]))
            both = np.clip(both, 0, size[axis] - 1)
            index = (index[:, np.newaxis] * size[axis] + both).reshape(2 * len(index), -1)
            weight = (weight[:, np.newaxis] * share).reshape(2 * len(weight), -1)
        self._size = size
        self._slice, self._part = first[0], part[0]
        self._index, self._weight = index, weight
        # Voxels and weights (8, P) around the points themselves.
        corners = [self._in_slice(step) for step in (0, 1)]
        shares = (1 - self._part, self._part)
        self._around = np.concatenate([index for index, _ in corners])
        # How much of each point's interpolation along the slice axis lies inside.
        self._along = sum(share * inside for share, (_, inside) in zip(shares, corners, strict=True))
        self._share = np.concatenate([weight * (share * inside) for share, (_, inside) in zip(shares, corners, strict=True)])

    def valid(self) -> npt.NDArray[np.bool_]:
        """Which points (P,) lie inside the volume."""
        inside: npt.NDArray[np.bool_] = self._share.sum(0) > 0.5
        return inside

    def intensities(self, volume: npt.NDArray[np.float32], *, neighbours: int = 0) -> npt.NDArray[np.float32]:
        """Linear interpolation (2·neighbours + 1, P): at the points, and at those up to `neighbours` slices before and after."""
        flat = volume.reshape(-1)
        if not neighbours:
            alone: npt.NDArray[np.float32] = (flat[self._around] * self._share).sum(0, keepdims=True)
            return alone
        levels = [(flat[self._in_slice(step)[0]] * self._weight).sum(0) for step in range(-neighbours, neighbours + 2)]
        values: npt.NDArray[np.float32] = np.stack(
            [near * (1 - self._part) + far * self._part for near, far in zip(levels[:-1], levels[1:], strict=True)]
        )
        # Beyond the ends a neighbour is the outermost slice, as in slices that are cut straight.
        values *= self._along
        return values

    def labels(self, volume: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The label (P,) that has the largest share of the eight neighbours; ties to the lower value."""
        found, weight = volume.reshape(-1)[self._around], self._share
        values = np.flatnonzero(np.bincount(found.reshape(-1)))
        best = np.zeros(found.shape[1], dtype=np.uint8)
        # What lies outside is background too.
        most = 1 - (weight * (found != 0)).sum(0)
        for value in values[values > 0]:
            share = (weight * (found == value)).sum(0)
            better = share > most
            best[better] = value
            most[better] = share[better]
        return best

    def _in_slice(self, step: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Four voxels of each point (4, P), `step` slices after the one before it, and whether that slice is there (P,)."""
        slices, rows, columns = self._size
        number = self._slice + step
        index: npt.NDArray[np.intp] = np.clip(number, 0, slices - 1) * (rows * columns) + self._index
        return index, (number >= 0) & (number < slices)
