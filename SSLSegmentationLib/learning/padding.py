"""Images smaller than the training shape are padded as in training: a network learns how far the border is."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def padded_forward(network: nn.Module, images: Tensor, *, training_shape: tuple[int, ...]) -> Tensor:
    """Logits (N, K, *S) of images (N, C, *S), each side padded with 0 (the mean) to at least that of the training shape.

    Without it, hippocampus slices of 35×50 lost 0.02 of Dice in a network trained on 40×56.
    """
    size = images.shape[2:]
    missing = [max(0, wanted - side) for wanted, side in zip(training_shape, size, strict=True)]
    # Centred as `fit_to_shape` does it: the odd voxel comes first.
    before = [amount - amount // 2 for amount in missing]
    if any(missing):
        pairs = [(first, amount - first) for first, amount in zip(before, missing, strict=True)]
        images = functional.pad(images, [value for pair in reversed(pairs) for value in pair])
    logits: Tensor = network(images)
    for axis, (first, side) in enumerate(zip(before, size, strict=True), start=2):
        logits = logits.narrow(axis, first, side)
    return logits
