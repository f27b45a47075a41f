"""Intensity normalisation: statistics of a volume once, then any slab of it in float64 arithmetic and float32 storage.

MRI ("zscore"): zero mean, unit SD per volume. CT ("ct_windows"): each window (width W, level L) clips to
[L − W/2, L + W/2], then zero mean, unit SD per channel and image. The SD is the population's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Iterable, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.preprocess.resampling import slabs

# Values outside this range are scaled before they are squared, which would overflow or vanish.
SAFELY_SQUARED = (1e-100, 1e100)


@dataclass(frozen=True)
class Normaliser:
    """One output channel: clip to `bounds` (None: no clip), subtract `mean`, divide by `sd` (0: the channel is constant)."""

    mean: float
    sd: float
    bounds: Optional[Tuple[float, float]] = None

    def apply(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Normalised copy of `values` as float32; zeros for a constant channel."""
        if self.sd == 0.0:
            return np.zeros(values.shape, dtype=np.float32)
        work = values.astype(np.float64)
        if self.bounds is not None:
            np.clip(work, self.bounds[0], self.bounds[1], out=work)
        work -= self.mean
        work /= self.sd
        return work.astype(np.float32)


def value_range(array: npt.NDArray[Any]) -> Tuple[float, float]:
    """Lowest and highest value of (slices, rows, columns); NaN or infinite where the array holds such a value."""
    lows, highs = [], []
    for start, stop in slabs(array.shape):
        lows.append(float(array[start:stop].min()))
        highs.append(float(array[start:stop].max()))
    if any(math.isnan(value) for value in lows + highs):
        return math.nan, math.nan
    return min(lows), max(highs)


def window_bounds(window: Tuple[float, float]) -> Tuple[float, float]:
    """Lowest and highest HU of a CT window (width, level)."""
    width, level = window
    return level - width / 2, level + width / 2


def find_normaliser(
    parts: Iterable[npt.NDArray[Any]], extent: Tuple[float, float], bounds: Optional[Tuple[float, float]] = None
) -> Normaliser:
    """Mean and SD over all `parts` of a volume, whose lowest and highest values are `extent`, after a clip to `bounds`.

    One pass in float64, shifted by the middle of the range so that a small spread on a large offset is not lost.
    """
    low, high = extent if bounds is None else (min(max(value, bounds[0]), bounds[1]) for value in extent)
    if low == high:
        return Normaliser(low, 0.0, bounds)
    largest = max(abs(low), abs(high))
    scale = 1.0 if SAFELY_SQUARED[0] < largest < SAFELY_SQUARED[1] else largest
    shift = low / scale / 2 + high / scale / 2
    count, total, squares = 0, 0.0, 0.0
    for part in parts:
        work = part.astype(np.float64).reshape(-1)
        if bounds is not None:
            np.clip(work, low, high, out=work)
        if scale != 1.0:
            work /= scale
        work -= shift
        count += work.size
        total += float(work.sum())
        # Not np.dot: its BLAS keeps a second core spinning, while a network wants it.
        squares += float(np.square(work, out=work).sum())
    mean = total / count
    return Normaliser((mean + shift) * scale, math.sqrt(max(squares / count - mean * mean, 0.0)) * scale, bounds)
