"""Flips, rotation, scaling and elastic deformation of images, their labels and their valid voxels together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from SSLSegmentationLib.learning.augmentation.draw import AugmentationDraw
from SSLSegmentationLib.learning.augmentation.elastic import displacement_field

# Labels of up to this many tissues are sampled linearly, as one share per tissue; with more, memory counts more than edges.
LINEAR_TISSUES = 8


def flip(values: Tensor, draw: AugmentationDraw) -> Tensor:
    """Mirrors the drawn axes of `values` (N, C, *S): voxels move, none changes."""
    for axis in range(draw.flips.shape[1]):
        samples = np.flatnonzero(draw.flips[:, axis])
        if len(samples):
            index = torch.as_tensor(samples, device=values.device)
            values = values.index_copy(0, index, values[index].flip(2 + axis))
    return values


def warp(
    images: Tensor, labels: Tensor | None, valid: Tensor | None, draw: AugmentationDraw, *, tissues: int
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Rotates, scales and deforms `images` (N, C, *S), `labels` (N, 1, *S) and `valid` (N, 1, *S).

    Only the drawn images are sampled, all of them in one call. What comes from outside the image is 0. A voxel gets the label
    that has the largest share of it in linear interpolation (ties: the lower one), and is valid where most of it is.
    """
    samples = np.flatnonzero(draw.warped)
    if not len(samples):
        return images, labels, valid
    index = torch.as_tensor(samples, device=images.device)
    grid = sampling_grid(draw.take(samples.tolist()), device=images.device)
    shares = None if labels is None or tissues > LINEAR_TISSUES else _shares(labels[index], tissues).to(images.dtype)
    chosen = [images[index]]
    if shares is not None:
        chosen.append(shares)
    if valid is not None:
        chosen.append(valid[index].to(images.dtype))
    sampled = _sample(torch.cat(chosen, dim=1), grid, "bilinear")
    if valid is not None:
        valid = valid.index_copy(0, index, (sampled[:, -1:] > 0.5).to(valid.dtype))
    if labels is not None:
        if shares is None:
            moved = _sample(labels[index].to(images.dtype), grid, "nearest")
        else:
            moved = _largest_share(sampled[:, images.shape[1] : images.shape[1] + tissues])
        labels = labels.index_copy(0, index, moved.to(labels.dtype))
    return images.index_copy(0, index, sampled[:, : images.shape[1]]), labels, valid


def _shares(labels: Tensor, tissues: int) -> Tensor:
    """(N, tissues, *S): 1 where a voxel is the tissue."""
    values = torch.arange(1, tissues + 1, device=labels.device).reshape(1, -1, *[1] * (labels.ndim - 2))
    return labels == values


def _largest_share(shares: Tensor) -> Tensor:
    """(N, 1, *S) uint8 label with the largest share; background has what the tissues leave."""
    best = 1.0 - shares.sum(dim=1, keepdim=True)
    label = torch.zeros_like(best, dtype=torch.uint8)
    # Products and maxima of bytes take a quarter of the time of an arg-max or a masked fill; a later tissue is the higher value.
    for tissue in range(1, shares.shape[1] + 1):
        share = shares[:, tissue - 1 : tissue]
        label = torch.maximum(label, (share > best).view(torch.uint8) * tissue)
        best = torch.maximum(best, share)
    return label


def sampling_grid(draw: AugmentationDraw, *, device: torch.device) -> Tensor:
    """(N, *S, d) places in the input, in torch's normalised coordinates (last axis first, -1 to 1 from edge to edge)."""
    size = np.asarray(draw.shape, dtype=np.float32)
    # Still in array order, one plane per coordinate: each axis of the output adds its share to all coordinates.
    matrices = torch.as_tensor((draw.matrices * size[None, None, :] / size[None, :, None]).astype(np.float32), device=device)
    planes = torch.zeros(len(draw), len(size), *[1] * len(size), device=device)
    for axis, voxels in enumerate(draw.shape):
        along = (torch.arange(voxels, device=device) + 0.5) * (2.0 / voxels) - 1.0
        planes = planes + (matrices[:, :, axis, None] * along).reshape(planes.shape[0], -1, *_on_axis(axis, voxels, len(size)))
    deformed = np.flatnonzero(draw.deformed)
    if len(deformed):
        points = draw.elastic[deformed] * (2.0 / size).reshape(1, -1, *[1] * len(size))
        field = displacement_field(torch.as_tensor(points, device=device), shape=draw.shape, spacing=draw.elastic_spacing)
        planes = planes.index_add_(0, torch.as_tensor(deformed, device=device), field)
    return planes.flip(1).movedim(1, -1)


def _on_axis(axis: int, voxels: int, axes: int) -> list[int]:
    """A spatial shape with `voxels` on one axis and 1 on the others."""
    return [voxels if other == axis else 1 for other in range(axes)]


def _sample(values: Tensor, grid: Tensor, mode: str) -> Tensor:
    return functional.grid_sample(values, grid, mode=mode, padding_mode="zeros", align_corners=False)
