"""Context prediction: patches are set to 0, the mean of a normalised image."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.patches import patch_slices
from SSLSegmentationLib.imaging.masks.pool import MaskPool, PoolDraw


def corrupt(images: npt.NDArray[Any], pool: MaskPool, draw: PoolDraw) -> npt.NDArray[Any]:
    """Copy of `images` (N, C, *pool.shape) with each image's patches at 0 in all channels."""
    corrupted: npt.NDArray[Any] = images.copy()
    for image, corners in zip(corrupted, pool.patches(draw)):
        for corner in corners:
            patch = (slice(None), *patch_slices(corner, pool.patch_size))
            image[patch] = 0
    return corrupted
