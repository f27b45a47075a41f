"""Applies a draw to a batch: first where voxels lie, then what they hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from SSLSegmentationLib.learning.augmentation.draw import AugmentationDraw
from SSLSegmentationLib.learning.augmentation.intensity import add_noise, bend_gamma, scale_brightness, stretch_contrast
from SSLSegmentationLib.learning.augmentation.separable import blur, lower_resolution
from SSLSegmentationLib.learning.augmentation.spatial import flip, warp


def apply_augmentation(
    images: Tensor, labels: Tensor | None, valid: Tensor | None, draw: AugmentationDraw, *, tissues: int | None = None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The batch changed as drawn; the inputs stay as they are, and images that nothing was drawn for stay bit for bit.

    `images` (N, C, *S) float32, 0 being the image's mean; `labels` (N, *S) uint8; `valid` (N, 1, *S) bool, or 0 and 1. What a
    warp brings in from outside an image is 0, background and not valid. `tissues` is the highest label; without it, it is
    looked for, which makes a graphics card wait.
    """
    maps = None if labels is None else labels[:, None]
    if tissues is None:
        # With nothing but background there is still one tissue to ask for.
        tissues = 1 if maps is None or not maps.numel() else max(int(maps.max()), 1)
    images, maps, valid = warp(images, maps, valid, draw, tissues=tissues)
    images = change_intensity(flip(images, draw), draw)
    return images, None if maps is None else flip(maps, draw)[:, 0], None if valid is None else flip(valid, draw)


def change_intensity(images: Tensor, draw: AugmentationDraw) -> Tensor:
    """Noise, blur, brightness, contrast, low resolution and gamma, in this order, each on its drawn channels only."""
    rows = images.flatten(0, 1).clone()

    def change(drawn: npt.NDArray[np.bool_], apply: Callable[..., Tensor], *strengths: npt.NDArray[Any]) -> None:
        chosen = np.flatnonzero(drawn)
        if len(chosen):
            index = torch.as_tensor(chosen, device=rows.device)
            values = [torch.as_tensor(_single(strength.reshape(-1)[chosen]), device=rows.device) for strength in strengths]
            rows.index_copy_(0, index, apply(rows[index], *values))

    seeds = draw.noise_seed[draw.noise_sd > 0].tolist()
    change(draw.noise_sd > 0, partial(add_noise, seeds=seeds), draw.noise_sd)
    change(draw.blur_sigma > 0, partial(blur, largest=float(draw.blur_sigma.max())), draw.blur_sigma)
    change(draw.brightness != 1, scale_brightness, draw.brightness)
    change(draw.contrast != 1, stretch_contrast, draw.contrast)
    change(draw.low_resolution != 1, lower_resolution, draw.low_resolution)
    change(draw.gamma != 1, bend_gamma, draw.gamma, draw.gamma_inverted)
    return rows.reshape(images.shape)


def _single(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.float32) if values.dtype == np.float64 else values
