"""Flips, rotation, scaling and elastic deformation of images, their labels and their valid voxels together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from SSLSegmentationLib.learning.augmentation.draw import AugmentationDraw
from SSLSegmentationLib.learning.augmentation.elastic import displacement_field

Maps = list[Tensor]


def flip(maps: Maps, draw: AugmentationDraw) -> Maps:
    """Mirrors the drawn axes of each map (N, C, *S): voxels move, no value changes."""
    for axis in range(draw.flips.shape[1]):
        samples = np.flatnonzero(draw.flips[:, axis])
        if len(samples):
            index = torch.as_tensor(samples, device=maps[0].device)
            maps = [values.index_copy(0, index, values[index].flip(2 + axis)) for values in maps]
    return maps


def warp(images: Tensor, nearest: Maps, draw: AugmentationDraw) -> tuple[Tensor, Maps]:
    """Rotates, scales and deforms `images` (N, C, *S) linearly and the maps of `nearest` by the nearest voxel.

    Only the drawn images are sampled, with one grid for all of them; what comes from outside the image is 0.
    """
    samples = np.flatnonzero(draw.warped)
    if not len(samples):
        return images, nearest
    grid = sampling_grid(draw.take(samples.tolist()), device=images.device)
    index = torch.as_tensor(samples, device=images.device)
    return _sample(images, index, grid, "bilinear"), [_sample(values, index, grid, "nearest") for values in nearest]


def sampling_grid(draw: AugmentationDraw, *, device: torch.device) -> Tensor:
    """(N, *S, d) places in the input, in torch's normalised coordinates (last axis first, -1 to 1 from edge to edge)."""
    size = np.asarray(draw.shape, dtype=float)
    theta = (draw.matrices * size[None, None, :] / size[None, :, None])[:, ::-1, ::-1]
    theta = np.pad(theta, ((0, 0), (0, 0), (0, 1)))  # no shift: the centre stays
    grid = functional.affine_grid(
        torch.as_tensor(theta.astype(np.float32), device=device), [len(draw), 1, *draw.shape], align_corners=False
    )
    deformed = np.flatnonzero(draw.deformed)
    if len(deformed):
        points = draw.elastic[deformed] * (2.0 / size.astype(np.float32)).reshape(1, -1, *[1] * len(draw.shape))
        points = torch.as_tensor(points[:, ::-1].copy(), device=device)
        field = displacement_field(points, shape=draw.shape, spacing=draw.elastic_spacing)
        grid.index_add_(0, torch.as_tensor(deformed, device=device), field.movedim(1, -1))
    return grid


def _sample(values: Tensor, index: Tensor, grid: Tensor, mode: str) -> Tensor:
    sampled = functional.grid_sample(values[index], grid, mode=mode, padding_mode="zeros", align_corners=False)
    return values.index_copy(0, index, sampled)
