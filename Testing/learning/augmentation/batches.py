"""Batches and configs that the tests of augmentation share."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from SSLSegmentationLib.contract.config.sections import AugmentConfig
from SSLSegmentationLib.learning.augmentation import AugmentationDraw, draw_augmentation

SHAPES = [(22, 17), (12, 15, 10)]
PROBABILITIES = [field.name for field in dataclasses.fields(AugmentConfig) if field.name.endswith("_probability")]


def only(*names: str, probability: float = 1.0, **settings: object) -> AugmentConfig:
    """A config that draws nothing but the named changes."""
    chances = {name: probability if name.removesuffix("_probability") in names else 0.0 for name in PROBABILITIES}
    return dataclasses.replace(AugmentConfig(), **{**chances, **settings})


def draw(config: AugmentConfig, shape: tuple[int, ...], *, batch: int = 5, channels: int = 2, seed: int = 0) -> AugmentationDraw:
    return draw_augmentation(config, shape=shape, batch=batch, channels=channels, rng=np.random.default_rng(seed))


def some_batch(shape: tuple[int, ...], *, batch: int = 5, channels: int = 2, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Smooth random images with a tissue 1 where they are high and a 2 where higher; the last rows are padding."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, channels, *shape, generator=generator).cumsum(2).cumsum(3)
    images = (images - images.mean()) / images.std()
    labels = ((images[:, 0] > 0.3).to(torch.uint8) + (images[:, 0] > 1)).to(torch.uint8)
    valid = torch.ones(batch, 1, *shape, dtype=torch.bool)
    valid[:, :, -2:] = False
    return images, labels, valid
