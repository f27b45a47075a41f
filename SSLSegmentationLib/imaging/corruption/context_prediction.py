"""Context prediction: patches are set to 0, the mean of a normalised image."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.pool import MaskPool, PoolDraw


def corrupt(images: npt.NDArray[Any], pool: MaskPool, draw: PoolDraw) -> npt.NDArray[Any]:
    """Copy of `images` (N, C, *pool.shape) with each image's masked pixels at 0 in all channels."""
    masks = pool.masks(draw).reshape(len(images), 1, *pool.shape)
    return np.where(masks, np.zeros((), dtype=images.dtype), images)
