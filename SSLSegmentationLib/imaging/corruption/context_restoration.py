"""Context restoration: pairs of patches are swapped, by one gather over the composed index map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.pool import MaskPool, PoolDraw


def corrupt(images: npt.NDArray[Any], pool: MaskPool, draw: PoolDraw) -> npt.NDArray[Any]:
    """Copy of `images` (N, C, *pool.shape) with each image's patches swapped, alike in all channels."""
    flat = images.reshape(*images.shape[:2], -1)
    return np.take_along_axis(flat, pool.index_maps(draw)[:, None], axis=2).reshape(images.shape)
