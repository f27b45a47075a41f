"""Scans of one case as one normalised float32 array: turned, resampled where the plan says so, then normalised.

Normalisation comes last, so that the prepared image itself has zero mean and unit SD ("zero" is the image's mean).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.preprocess.grid import PreparedGrid
from SSLSegmentationLib.imaging.preprocess.intensity import Normaliser, find_normaliser, value_range, window_bounds
from SSLSegmentationLib.imaging.preprocess.plan import PreprocessPlan
from SSLSegmentationLib.imaging.preprocess.resampling import LinearResampler, slabs
from SSLSegmentationLib.imaging.scan import Scan

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PreparedSource:
    """A prepared image that is made slab by slab on demand; holds one array per file at most, never all channels.

    `volumes` has one (S, H, W) array per file (a view of the scan where nothing is resampled) and `normalisers` one
    tuple per file with one entry per channel made from it.
    """

    grid: PreparedGrid
    volumes: Tuple[npt.NDArray[Any], ...]
    normalisers: Tuple[Tuple[Normaliser, ...], ...]
    warnings: Tuple[str, ...]

    @property
    def shape(self) -> Tuple[int, int, int, int]:
        """(C, S, H, W) of the whole prepared image."""
        return (sum(len(group) for group in self.normalisers), *self.grid.shape)

    def read(self, start: int, stop: int) -> FloatArray:
        """Slices `start` to `stop` of the prepared image, float32 (C, stop − start, H, W)."""
        result = np.empty((self.shape[0], stop - start, *self.grid.shape[1:]), dtype=np.float32)
        channel = 0
        for volume, group in zip(self.volumes, self.normalisers):
            for normaliser in group:
                result[channel] = normaliser.apply(volume[start:stop])
                channel += 1
        return result


def open_prepared(scans: Sequence[Scan], plan: PreprocessPlan) -> PreparedSource:
    """The prepared image of one case; `scans` are its channels, one per file, on one grid.

    Made on demand: all prepared channels of a long scan would fill the memory. Raises `data.unpaired_channels`,
    `data.grid_mismatch` or `data.not_finite`, naming the file.
    """
    _check_channels(scans, plan)
    grid = PreparedGrid.of(scans[0].geometry, plan)
    volumes: List[npt.NDArray[Any]] = []
    normalisers: List[Tuple[Normaliser, ...]] = []
    warnings: List[str] = []
    windows = [window_bounds(window) for window in plan.windows] if plan.normalisation == "ct_windows" else None
    bounds_of_channels: Sequence[Optional[Tuple[float, float]]] = [None] if windows is None else windows
    for scan in scans:
        extent = value_range(scan.array)
        if not (math.isfinite(extent[0]) and math.isfinite(extent[1])):
            raise SSLSegmentationError("data.not_finite", f"{_name(scan)} holds NaN or infinite values.")
        volume = grid.turn.there(scan.array)
        if grid.resampled:
            # Bounds that float32 holds without loss; neither a clip to all windows nor a scaling changes the result.
            limits = extent if windows is None else (min(low for low, _ in windows), max(high for _, high in windows))
            volume = _resample(volume, grid, limits, scaled=windows is None)
            extent = value_range(volume)
        group = tuple(find_normaliser(_parts(volume), extent, bounds) for bounds in bounds_of_channels)
        if any(normaliser.sd == 0.0 for normaliser in group):
            warnings.append(f"{_name(scan)} has the same value everywhere (in a window); that channel is set to 0.")
        volumes.append(volume)
        normalisers.append(group)
    return PreparedSource(grid, tuple(volumes), tuple(normalisers), tuple(warnings))


def _resample(volume: npt.NDArray[Any], grid: PreparedGrid, limits: Tuple[float, float], *, scaled: bool) -> FloatArray:
    """`volume` on the prepared grid, clipped to `limits`, or scaled to −1 to 1 by them, so that float32 holds it well."""
    low, high = limits
    middle = low / 2 + high / 2
    half = high / 2 - low / 2 or 1.0

    @functools.lru_cache(maxsize=2)
    def plane(number: int) -> FloatArray:
        values: npt.NDArray[np.float64] = volume[number].astype(np.float64)
        values = (values - middle) / half if scaled else np.clip(values, low, high)
        return values.astype(np.float32)

    resampler = LinearResampler(grid.turned_shape, grid.shape)
    result = np.empty(grid.shape, dtype=np.float32)
    for start, stop in slabs(grid.shape):
        result[start:stop] = resampler.slab(plane, start, stop)
    return result


def _parts(volume: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start, stop in slabs(volume.shape):
        yield volume[start:stop]


def _name(scan: Scan) -> str:
    return str(scan.path or "The scan")


def _check_channels(scans: Sequence[Scan], plan: PreprocessPlan) -> None:
    if len(scans) != plan.channels:
        name = _name(scans[0]) if scans else "The case"
        raise SSLSegmentationError(
            "data.unpaired_channels", f"{name} has {counted(len(scans), 'channel')}, expected: {plan.channels}."
        )
    for scan in scans[1:]:
        if not scans[0].geometry.same_grid(scan.geometry):
            raise SSLSegmentationError(
                "data.grid_mismatch",
                f"{_name(scan)} lies on another grid than {_name(scans[0])}, the first channel of the same case.",
                hint="Resample the channels of a case onto one grid.",
            )
