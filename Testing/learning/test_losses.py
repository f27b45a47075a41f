"""The losses against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from SSLSegmentationLib.learning.losses import SEGMENTATION_LOSSES, dice_cross_entropy_loss, dice_loss, inpainting_loss, l2_norm


def scene(tissues: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(0, tissues + 1, (2, 6, 5), generator=generator, dtype=torch.uint8)
    return torch.randn(2, tissues, 6, 5, generator=generator), labels, torch.ones(2, 1, 6, 5)


def test_dice_loss_is_equation_a2_over_the_whole_batch() -> None:
    logits, labels, valid = scene()
    probabilities = 1 / (1 + np.exp(-logits.numpy().astype(float)))
    expected = []
    for tissue in range(2):
        p, t = probabilities[:, tissue], labels.numpy() == tissue + 1
        expected.append(1 - (2 * (p * t).sum() + 1e-7) / (p.sum() + t.sum() + 1e-7))
    assert float(dice_loss(logits, labels, valid)) == pytest.approx(np.mean(expected), abs=1e-6)


def test_perfect_outputs_have_no_dice_loss() -> None:
    _, labels, valid = scene()
    logits = torch.stack([labels == 1, labels == 2], 1).float() * 200 - 100
    assert float(dice_loss(logits, labels, valid)) == pytest.approx(0, abs=1e-6)


def test_inpainting_loss_is_the_sum_over_pixels_averaged_over_images_and_channels() -> None:
    output, target = torch.randn(3, 2, 4, 5), torch.randn(3, 2, 4, 5)
    squares = (output - target).square().sum((2, 3))
    valid = torch.ones(3, 1, 4, 5)
    assert torch.allclose(inpainting_loss(output, target, valid), squares.mean())
    assert torch.allclose(l2_norm(output, target, valid), squares.sqrt().mean())


@pytest.mark.parametrize("name", sorted(SEGMENTATION_LOSSES))
def test_padding_takes_no_part_in_a_segmentation_loss(name: str) -> None:
    loss, activation = SEGMENTATION_LOSSES[name]
    logits, labels, valid = scene(3 if activation == "softmax" else 2)
    labels = labels.clamp(max=2)
    padded_logits = torch.cat([logits, torch.randn(*logits.shape[:3], 4)], 3)
    padded_labels = torch.cat([labels, torch.ones(2, 6, 4, dtype=torch.uint8)], 2)
    padded_valid = torch.cat([valid, torch.zeros(2, 1, 6, 4)], 3)
    assert torch.allclose(loss(padded_logits, padded_labels, padded_valid), loss(logits, labels, valid), atol=1e-6)


def test_padding_takes_no_part_in_the_inpainting_loss() -> None:
    output, target, valid = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    valid[..., 2:] = 0
    assert torch.allclose(
        inpainting_loss(output, target, valid), inpainting_loss(output[..., :2], target[..., :2], valid[..., :2])
    )


def test_dice_cross_entropy_is_the_sum_of_both() -> None:
    logits, labels, valid = scene(3)
    labels = labels.clamp(max=2)
    cross_entropy = torch.nn.functional.cross_entropy(logits, labels.long())
    probabilities = logits.softmax(1)
    dice = []
    for tissue in (1, 2):
        p, t = probabilities[:, tissue], (labels == tissue).float()
        dice.append(1 - 2 * (p * t).sum() / (p.sum() + t.sum()))
    assert torch.allclose(dice_cross_entropy_loss(logits, labels, valid), cross_entropy + torch.stack(dice).mean(), atol=1e-5)
