"""Context restoration: pairs of patches are swapped, one pair after the other."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.patches import patch_slices, swap
from SSLSegmentationLib.imaging.masks.pool import MaskPool, PoolDraw


def corrupt(images: npt.NDArray[Any], pool: MaskPool, draw: PoolDraw) -> npt.NDArray[Any]:
    """Copy of `images` (N, C, *pool.shape) with each image's patches swapped, alike in all channels."""
    corrupted: npt.NDArray[Any] = images.copy()
    for image, corners in zip(corrupted, pool.patches(draw)):
        patches = [(slice(None), *patch_slices(corner, pool.patch_size)) for corner in corners]
        for one, other in zip(patches[::2], patches[1::2]):
            swap(image, one, other)
    return corrupted
