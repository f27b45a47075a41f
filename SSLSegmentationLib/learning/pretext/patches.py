"""Corruption by patches on the training device: a whole batch at once, from the patches of its masks alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.imaging.masks import MaskPool, PoolDraw
from SSLSegmentationLib.imaging.masks.sizes import AUTO_SIZES

if TYPE_CHECKING:
    from torch import Tensor


# Where more than this share of an image is changed, and much more than was asked for, a warning tells it.
MOST_CORRUPTED = 0.6


def patch_warnings(config: Config, pool: MaskPool) -> tuple[str, ...]:
    """What a person may want to know of the patches: that they are small, or that they leave little of the images."""
    size, most, area = pool.patch_size, max(AUTO_SIZES), config.pretext.corrupted_area
    shape = " × ".join(str(side) for side in pool.shape)
    found = []
    if config.pretext.patch_size == "auto" and size < most:
        found.append(
            f"Patches have {size} instead of {most} voxels a side: larger ones can't cover {area:.0%} of the training shape of "
            f"{shape} voxels. Set pretext.patch_size to choose the size yourself."
        )
    covered = float(pool.corrupted.mean())
    if covered > max(MOST_CORRUPTED, 1.5 * area):
        found.append(
            f"Patches of {size} voxels a side change {covered:.0%} of the training shape of {shape} voxels instead of "
            f"{area:.0%}: little is left to learn from. Set a smaller pretext.patch_size."
        )
    return tuple(found)


def blank_patches(images: Tensor, pool: MaskPool, draw: PoolDraw) -> Tensor:
    """Copy of `images` (N, C, *pool.shape) with the drawn patches at 0 in all channels."""
    import torch

    blanked = images.clone(memory_format=torch.contiguous_format)
    corners = pool.patches(draw)
    owners = np.repeat(np.arange(len(corners)), [len(each) for each in corners])
    blanked.view(-1).index_fill_(0, _voxels(images, pool, np.concatenate(corners), owners), 0.0)
    return blanked


def swap_patches(images: Tensor, pool: MaskPool, draw: PoolDraw) -> Tensor:
    """Copy of `images` (N, C, *pool.shape) with the drawn pairs of patches swapped, one pair of an image after the other."""
    import torch

    if pool.rounds is None:
        raise ValueError("this pool was made without pairs: nothing is swapped")
    swapped = images.clone(memory_format=torch.contiguous_format)
    flat = swapped.view(-1)
    pairs = [corners.reshape(-1, 2, len(pool.shape)) for corners in pool.patches(draw)]
    owners = np.repeat(np.arange(len(pairs)), [len(each) for each in pairs])
    every = np.concatenate(pairs)
    rounds = np.concatenate([pool.rounds[number] for number in draw.mask_number.tolist()])
    for number in range(int(rounds.max()) + 1):
        chosen = rounds == number
        one, other = (_voxels(images, pool, every[chosen, side], owners[chosen]) for side in (0, 1))
        kept = flat.index_select(0, one)
        flat.index_copy_(0, one, flat.index_select(0, other))
        flat.index_copy_(0, other, kept)
    return swapped


def _voxels(images: Tensor, pool: MaskPool, corners: npt.NDArray[Any], owners: npt.NDArray[Any]) -> Tensor:
    """Positions in the flattened batch of every voxel of patches, in all channels; `owners` are the patches' images."""
    import torch

    device, channels, voxels = images.device, images.shape[1], math.prod(pool.shape)
    strides = [math.prod(pool.shape[axis + 1 :]) for axis in range(len(pool.shape))]
    first = owners * (channels * voxels) + corners.astype(np.int64) @ np.array(strides)
    inside = torch.zeros((), dtype=torch.int64, device=device)
    for stride in strides:
        inside = inside[..., None] + stride * torch.arange(pool.patch_size, device=device)
    channel = torch.arange(channels, device=device) * voxels
    starts = torch.from_numpy(first).to(device)
    return (starts[:, None, None] + channel[:, None] + inside.reshape(-1)).reshape(-1)
