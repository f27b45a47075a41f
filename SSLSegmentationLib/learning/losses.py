"""The losses, by name, each a mean that ignores voxels outside `valid`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

# Methods A, equation A2.
DICE_EPSILON = 1e-7


def _soft_dice_loss(probabilities: Tensor, target: Tensor) -> Tensor:
    """1 − (2 Σ p·t + ε) / (Σ p + Σ t + ε), sums over images and voxels of the whole mini-batch, mean over tissues."""
    axes = [0, *range(2, probabilities.ndim)]
    overlap = (probabilities * target).sum(axes)
    total = probabilities.sum(axes) + target.sum(axes)
    return (1 - (2 * overlap + DICE_EPSILON) / (total + DICE_EPSILON)).mean()


def _one_hot(labels: Tensor, tissues: int) -> Tensor:
    """(N, *S) of 0 … tissues → (N, tissues, *S) float, background left out."""
    values = torch.arange(1, tissues + 1, device=labels.device, dtype=labels.dtype)
    return (labels.unsqueeze(1) == values.view(1, -1, *([1] * (labels.ndim - 1)))).float()


def dice_loss(logits: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """Dice loss of sigmoid outputs, one per tissue (methods A, equation A2).

    logits (N, tissues, *S), labels (N, *S) uint8 with 0 as background, valid (N, 1, *S) float of 0 and 1.
    """
    return _soft_dice_loss(torch.sigmoid(logits.float()) * valid, _one_hot(labels, logits.shape[1]) * valid)


def dice_cross_entropy_loss(logits: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """Dice + cross entropy of softmax outputs with background as channel 0: logits (N, 1 + tissues, *S)."""
    logits = logits.float()
    log_probabilities = functional.log_softmax(logits, dim=1)
    cross_entropy = functional.nll_loss(log_probabilities, labels.long(), reduction="none")
    weight = valid.squeeze(1)
    cross_entropy_mean = (cross_entropy * weight).sum() / weight.sum().clamp(min=1)
    probabilities = log_probabilities[:, 1:].exp()
    target = _one_hot(labels, logits.shape[1] - 1)
    return cross_entropy_mean + _soft_dice_loss(probabilities * valid, target * valid)


def inpainting_loss(output: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Mean over channels and images of the sum over pixels of (x − y)² (methods A, equation A1)."""
    squares = (output.float() - target.float()).square() * valid
    return squares.flatten(2).sum(2).mean()


def l2_norm(output: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Root of the sum over pixels of (x − y)² per image and channel, averaged (methods A, Table 2)."""
    squares = (output.float() - target.float()).square() * valid
    return squares.flatten(2).sum(2).sqrt().mean()


SegmentationLoss = Callable[[Tensor, Tensor, Tensor], Tensor]

# Name → (loss, activation of the network's outputs).
SEGMENTATION_LOSSES: dict[str, tuple[SegmentationLoss, str]] = {
    "dice": (dice_loss, "sigmoid"),
    "dice_ce": (dice_cross_entropy_loss, "softmax"),
}
