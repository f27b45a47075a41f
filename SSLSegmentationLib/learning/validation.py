"""Validation on whole cases: how they are fed to the network, and Dice per tissue without keeping volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from SSLSegmentationLib.imaging.cache import CachedCase
from SSLSegmentationLib.learning.batches import BatchSource


def whole_cases(
    cases: Sequence[CachedCase], *, source: BatchSource, batch_size: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """Images (N, C, *S) and labels (N, *S) of each case in turn, at the case's own size, and whether the case ends here.

    2D: the slices of a case, a batch at a time. 3D: the whole case as one image.
    """
    for case in cases:
        assert case.label is not None  # validation takes labelled cases only
        if len(source.shape) == 3:
            image = torch.from_numpy(np.array(case.image)).unsqueeze(0)
            yield image.to(device), torch.from_numpy(np.array(case.label)).unsqueeze(0).to(device), True
            continue
        slices = case.image.shape[1]
        for start in range(0, slices, batch_size):
            stop = min(start + batch_size, slices)
            images = np.stack([source.slice_of(case, index) for index in range(start, stop)])
            labels = torch.from_numpy(np.array(case.label[start:stop]))
            yield torch.from_numpy(images).to(device), labels.to(device), stop == slices


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
        """One batch of a case; `last` closes the case."""
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
