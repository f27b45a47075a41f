"""Changes of intensity: noise, brightness, contrast and gamma, each image with its own strength.

All take images as `rows` (R, *S), one channel of one image each, and strengths (R,).
"""

from __future__ import annotations

import torch
from torch import Tensor

# Keeps divisions by the range or the SD of a flat image finite.
TINY = 1e-7


def add_noise(rows: Tensor, sd: Tensor, seeds: list[int]) -> Tensor:
    """Adds Gaussian noise of `sd`; each row's noise comes from a generator of its own, so that it is the same in any batch."""
    generator = torch.Generator(device=rows.device)
    noise = torch.empty_like(rows)
    for row, seed in zip(noise, seeds, strict=True):
        row.normal_(generator=generator.manual_seed(seed))
    return torch.addcmul(rows, noise, _like(sd, rows))


def scale_brightness(rows: Tensor, factor: Tensor) -> Tensor:
    """Multiplies the intensities."""
    return rows * _like(factor, rows)


def stretch_contrast(rows: Tensor, factor: Tensor) -> Tensor:
    """Moves the intensities away from or towards the mean, within the range that they had."""
    flat = rows.flatten(1)
    mean = flat.mean(dim=1, keepdim=True)
    low, high = flat.aminmax(dim=1, keepdim=True)
    stretched = torch.lerp(mean, flat, factor[:, None])
    return torch.minimum(torch.maximum(stretched, low), high).reshape(rows.shape)


def bend_gamma(rows: Tensor, exponent: Tensor, inverted: Tensor) -> Tensor:
    """A gamma curve on the range of each image, `inverted` (R,) ones on its negative; mean and SD stay as they were."""
    flat = rows.flatten(1)
    sign = torch.where(inverted, -1.0, 1.0)[:, None]
    values = flat * sign
    low, high = values.aminmax(dim=1, keepdim=True)
    bent = ((values - low) / (high - low).clamp(min=TINY)).pow(exponent[:, None]) * sign
    sd, mean = torch.std_mean(flat, dim=1, keepdim=True, correction=0)
    bent_sd, bent_mean = torch.std_mean(bent, dim=1, keepdim=True, correction=0)
    return torch.addcmul(mean, bent - bent_mean, sd / bent_sd.clamp(min=TINY)).reshape(rows.shape)


def _like(strength: Tensor, rows: Tensor) -> Tensor:
    return strength.reshape(-1, *[1] * (rows.ndim - 1))
