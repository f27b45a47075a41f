"""Pools of masks for the inpainting tasks: which pixels are corrupted, and where their values come from."""

from __future__ import annotations

from SSLSegmentationLib.imaging.masks.making import first_mask_steps, make_pool, pool_of_config
from SSLSegmentationLib.imaging.masks.pool import MaskPool, PoolDraw
from SSLSegmentationLib.imaging.masks.sizes import auto_patch_size, largest_patch_size

__all__ = ["MaskPool", "PoolDraw", "auto_patch_size", "first_mask_steps", "largest_patch_size", "make_pool", "pool_of_config"]
