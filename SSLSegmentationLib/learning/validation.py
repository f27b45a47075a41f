"""Validation on whole cases: how they go through the network, and Dice per tissue without keeping volumes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from SSLSegmentationLib.imaging.cache import CachedCase
from SSLSegmentationLib.learning.batches import BatchSource
from SSLSegmentationLib.learning.prediction.memory import fastest_batch
from SSLSegmentationLib.learning.prediction.sliding_window import fits_whole, window_slabs

# Slices of this many times the voxels of a training batch go through the network at once: without gradients they need no
# more memory than a training step does.
SLICES_AT_ONCE = 2.0

Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CasePart:
    """Logits (N, K, *S) and labels (N, *S) of a part of a case; its `weight` in the mean loss; whether the case ends here."""

    logits: Tensor
    labels: Tensor
    weight: float
    last: bool


def case_parts(
    cases: Sequence[CachedCase],
    logits: Logits,
    *,
    source: BatchSource,
    batch_size: int,
    outputs: int,
    device: torch.device,
) -> Iterator[CasePart]:
    """Each case in turn at its own size, in parts that memory holds; `logits` maps images (N, C, *S) to (N, outputs, *S).

    2D: slices, a batch at a time, fewer where they are much larger than the training shape; a slice weighs 1.
    3D: the whole case, or windows where prediction would take windows, their logits averaged; a case weighs 1.
    """
    for case in cases:
        if len(source.shape) == 2:
            yield from _slices(case, logits, source=source, batch_size=batch_size, device=device)
        elif fits_whole(case.image.shape[1:], source.shape):
            images = torch.from_numpy(np.array(case.image)).unsqueeze(0).to(device)
            yield CasePart(logits(images), _labels(case, device).unsqueeze(0), 1.0, True)
        else:
            yield from _windows(case, logits, window=source.shape, outputs=outputs, device=device)


def _labels(case: CachedCase, device: torch.device, start: int = 0, stop: int | None = None) -> Tensor:
    assert case.label is not None  # validation takes labelled cases only
    return torch.from_numpy(np.array(case.label[start:stop])).to(device)


def _slices(
    case: CachedCase, logits: Logits, *, source: BatchSource, batch_size: int, device: torch.device
) -> Iterator[CasePart]:
    depth, *size = case.image.shape[1:]
    # Smaller slices are padded to the training shape.
    padded = math.prod(max(side, own) for side, own in zip(size, source.shape, strict=True))
    room = SLICES_AT_ONCE * batch_size * math.prod(source.shape)
    at_once = min(batch_size, max(1, int(room / padded)))
    for start in range(0, depth, at_once):
        stop = min(start + at_once, depth)
        images = np.stack([source.slice_of(case, index) for index in range(start, stop)])
        found = logits(torch.from_numpy(images).to(device))
        yield CasePart(found, _labels(case, device, start, stop), float(stop - start), stop == depth)


def _windows(
    case: CachedCase, logits: Logits, *, window: tuple[int, ...], outputs: int, device: torch.device
) -> Iterator[CasePart]:
    depth = case.image.shape[1]
    sides = (window[0], window[1], window[2])
    batch = fastest_batch(math.prod(sides), on_cpu=device.type == "cpu")
    for slab in window_slabs(CachedImage(case), logits, window=sides, batch=batch, outputs=outputs, device=device):
        stop = slab.start + slab.values.shape[1]
        found = torch.from_numpy(slab.values).unsqueeze(0).to(device)
        labels = _labels(case, device, slab.start, stop).unsqueeze(0)
        yield CasePart(found, labels, (stop - slab.start) / depth, stop == depth)


class CachedImage:
    """A cached case as the sliding window reads it."""

    def __init__(self, case: CachedCase) -> None:
        self._image = case.image

    @property
    def shape(self) -> tuple[int, int, int, int]:
        channels, depth, rows, columns = self._image.shape
        return channels, depth, rows, columns

    def read(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Slices `start` to `stop`, float32 (C, stop − start, H, W)."""
        return np.array(self._image[:, start:stop])


def predicted_labels(logits: Tensor, *, activation: str) -> Tensor:
    """Label map (N, *S) uint8 of logits: softmax with background first, or sigmoid at 0.5 with ties to the lower value."""
    if activation == "softmax":
        return logits.max(dim=1).indices.to(torch.uint8)
    highest = logits.max(dim=1)
    return torch.where(highest.values >= 0, highest.indices + 1, 0).to(torch.uint8)


class DiceCounts:
    """Sums of overlap and sizes per case and tissue, from which Dice per tissue over cases is taken."""

    def __init__(self, *, tissues: int) -> None:
        self.tissues = tissues
        self._case = np.zeros((tissues, 2))
        self._dice: list[npt.NDArray[np.float64]] = []

    def add(self, predicted: Tensor, labels: Tensor, *, last: bool) -> None:
        """One part of a case; `last` closes the case."""
        for tissue in range(self.tissues):
            a, b = predicted == tissue + 1, labels == tissue + 1
            self._case[tissue] += (int((a & b).sum()), int(a.sum()) + int(b.sum()))
        if last:
            overlap, total = self._case.T
            # Absent in both: no score. Missed or invented: 0.
            self._dice.append(np.divide(2 * overlap, total, out=np.full(self.tissues, np.nan), where=total > 0))
            self._case = np.zeros((self.tissues, 2))

    def dice(self) -> npt.NDArray[np.float64]:
        """Mean Dice of each tissue over the cases that have it; NaN where none has."""
        scores = np.array(self._dice)
        counted = np.isfinite(scores)
        mean: npt.NDArray[np.float64] = np.divide(
            np.where(counted, scores, 0).sum(0), counted.sum(0), out=np.full(self.tissues, np.nan), where=counted.any(0)
        )
        return mean
