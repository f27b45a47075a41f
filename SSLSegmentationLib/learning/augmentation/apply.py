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
    images: Tensor, labels: Tensor | None, valid: Tensor | None, draw: AugmentationDraw
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The batch changed as drawn; the inputs stay as they are, and images that nothing was drawn for stay bit for bit.

    `images` (N, C, *S) float, 0 being the image's mean; `labels` (N, *S) uint8; `valid` (N, 1, *S) bool. What a warp brings
    in from outside an image is 0, background and not valid.
    """
    maps = [values for values in (None if labels is None else labels[:, None], valid) if values is not None]
    kinds = [values.dtype for values in maps]
    images, maps = _spatial(images, [values.to(images.dtype) for values in maps], draw)
    maps = [values.to(kind) for values, kind in zip(maps, kinds, strict=True)]
    new_valid = None if valid is None else maps.pop()
    new_labels = None if labels is None else maps.pop()[:, 0]
    return change_intensity(images, draw), new_labels, new_valid


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


def _spatial(images: Tensor, maps: list[Tensor], draw: AugmentationDraw) -> tuple[Tensor, list[Tensor]]:
    images, maps = warp(images, maps, draw)
    images, *maps = flip([images, *maps], draw)
    return images, maps


def _single(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.float32) if values.dtype == np.float64 else values
