"""Probabilities of a prepared image, slab by slab along its slices, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

FloatArray = npt.NDArray[np.float32]
Probabilities = Callable[[Tensor], Tensor]


class ImageSource(Protocol):
    """A prepared image (C, S, H, W) that is read slab by slab."""

    @property
    def shape(self) -> tuple[int, int, int, int]: ...

    def read(self, start: int, stop: int) -> FloatArray:
        """Slices `start` to `stop`, float32 (C, stop − start, H, W)."""
        ...


@dataclass(frozen=True)
class Slab:
    """Probabilities float32 (K, n, H, W) of the slices from `start` on."""

    start: int
    values: FloatArray


def slice_slabs(image: ImageSource, model: Probabilities, *, batch: int, neighbour_slices: int = 0) -> Iterator[Slab]:
    """A 2D model on whole slices, `batch` at a time, in order.

    `neighbour_slices` on each side join as further channels, the outermost slice repeated, as in training.
    """
    depth = image.shape[1]
    for start in range(0, depth, batch):
        stop = min(depth, start + batch)
        first, last = max(0, start - neighbour_slices), min(depth, stop + neighbour_slices)
        slab = image.read(first, last)
        parts = [
            slab[:, np.clip(np.arange(start, stop) + offset, 0, depth - 1) - first]
            for offset in range(-neighbour_slices, neighbour_slices + 1)
        ]
        channels = np.concatenate(parts) if neighbour_slices else slab
        images = torch.from_numpy(np.ascontiguousarray(channels.swapaxes(0, 1)))
        yield Slab(start, model(images).transpose(0, 1).contiguous().cpu().numpy())


def volume_slab(image: ImageSource, model: Probabilities) -> Slab:
    """A 3D model on the whole volume at once."""
    images = torch.from_numpy(image.read(0, image.shape[1]))[None]
    return Slab(0, model(images)[0].cpu().numpy())
