"""From slabs of probabilities on the prepared grid to a label map on the scan's own grid, while they arrive.

Where the grid was resampled, the probabilities are brought to the scan's voxels (linear) before the decision.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.model_card import SOFTMAX
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess.grid import PreparedGrid
from SSLSegmentationLib.imaging.preprocess.resampling import LinearResampler, slabs
from SSLSegmentationLib.learning.prediction.slabs import Slab

FloatArray = npt.NDArray[np.float32]
Labels = npt.NDArray[Any]

# The least probability of a tissue without a background channel; the largest array of probabilities kept in memory.
THRESHOLD = 0.5
LARGEST_IN_MEMORY = 256 * 2**20


class LabelAssembly:
    """Collects slabs in order. When all were added, `labels` is the scan's label map of tissue values (slices, rows,
    columns), and `probabilities` the tissues' (T, slices, rows, columns) where `keep_probabilities`, else None."""

    def __init__(self, grid: PreparedGrid, *, tissues: TissueTable, activation: str, keep_probabilities: bool = False) -> None:
        kind = np.uint8 if max(tissues.values) < 256 else np.uint16
        self.labels: Labels = np.zeros(grid.geometry.shape, dtype=kind)
        self.probabilities: FloatArray | None = None
        self._turned = grid.turn.there(self.labels)
        self._turned_probabilities: list[FloatArray] = []
        if keep_probabilities:
            self.probabilities = large_array((len(tissues), *grid.geometry.shape))
            self._turned_probabilities = [grid.turn.there(one) for one in self.probabilities]
        self._has_background = activation == SOFTMAX
        self._values = np.array((0, *tissues.values), dtype=kind)
        self._resampler = LinearResampler(grid.shape, grid.turned_shape) if grid.resampled else None
        # The last prepared slice that each slice of the scan needs.
        source, target = grid.shape[0], grid.turned_shape[0]
        position = (np.arange(target) + 0.5) * (source / target) - 0.5
        self._needs = np.clip(np.ceil(position), 0, source - 1).astype(int)
        self._done = 0
        self._waiting: Slab | None = None

    def add(self, slab: Slab) -> None:
        """The next slab; all slices of the scan that can be decided now are decided."""
        if self._waiting is not None:
            slab = Slab(self._waiting.start, np.concatenate([self._waiting.values, slab.values], axis=1))
        available = slab.start + slab.values.shape[1]
        ready = int(np.searchsorted(self._needs, available))
        first = self._done
        for start, stop in slabs((ready - first, *self._turned.shape[1:])):
            self._decide(slab, first + start, first + stop)
        self._done = ready
        self._waiting = None
        if self._resampler is not None and ready < len(self._needs):
            # The slice before the one that is missing serves as its lower neighbour.
            keep = max(0, min(int(self._needs[ready]), available) - 1 - slab.start)
            self._waiting = Slab(slab.start + keep, slab.values[:, keep:].copy())
        _release(self.probabilities)

    def _decide(self, slab: Slab, start: int, stop: int) -> None:
        shape = (stop - start, *self._turned.shape[1:])
        floor = np.float32(-np.inf) if self._has_background else np.nextafter(np.float32(THRESHOLD), np.float32(0))
        best = np.full(shape, floor, dtype=np.float32)
        label = np.zeros(shape, dtype=np.uint8)
        for number, channel in enumerate(slab.values):
            values = self._on_scan(channel, slab.start, start, stop)
            code = number if self._has_background else number + 1
            # Strictly greater: ties go to the lower value.
            label[values > best] = code
            np.maximum(best, values, out=best)
            if self._turned_probabilities and code:
                self._turned_probabilities[code - 1][start:stop] = values
        self._turned[start:stop] = self._values[label]

    def _on_scan(self, channel: FloatArray, offset: int, start: int, stop: int) -> FloatArray:
        if self._resampler is None:
            return channel[start - offset : stop - offset]
        return self._resampler.slab(lambda index: channel[index - offset], start, stop)


def large_array(shape: tuple[int, ...]) -> FloatArray:
    """Zeros; in a temporary file that goes away by itself where they would take too much memory. Raises `disk.*`."""
    size = 4 * math.prod(shape)
    if size <= LARGEST_IN_MEMORY:
        return np.zeros(shape, dtype=np.float32)
    with disk_errors(f"the probabilities ({size / 1e9:.1f} GB) into {tempfile.gettempdir()}"), tempfile.TemporaryFile() as file:
        if hasattr(os, "posix_fallocate"):
            # All of it now: a disk that fills up under a memory map ends the process without a word.
            os.posix_fallocate(file.fileno(), 0, size)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def _release(array: FloatArray | None) -> None:
    """Lets the operating system take back the memory of what was written to the temporary file."""
    mapped = getattr(array, "base", None)
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.flush()
        mapped.madvise(mmap.MADV_DONTNEED)
