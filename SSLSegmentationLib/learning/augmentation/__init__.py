"""Random changes of training images: drawn as data, applied to a whole batch by pure functions."""

from __future__ import annotations

from SSLSegmentationLib.learning.augmentation.apply import apply_augmentation
from SSLSegmentationLib.learning.augmentation.draw import AugmentationDraw, draw_augmentation

__all__ = ["AugmentationDraw", "apply_augmentation", "draw_augmentation"]
