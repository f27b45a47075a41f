from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from SSLSegmentationLib.learning.augmentation.separable import blur, lower_resolution

SHAPES = [(22, 17), (12, 15, 10), (3, 40)]


def rows(shape: tuple[int, ...], count: int = 4) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_blur_equals_scipys_gaussian_filter(shape: tuple[int, ...]) -> None:
    images, sigmas = rows(shape), [0.5, 1.0, 0.7, 3.0]
    result = blur(images, torch.tensor(sigmas), largest=3.0)
    for image, sigma, blurred in zip(images.numpy(), sigmas, result.numpy(), strict=True):
        expected = ndimage.gaussian_filter(image, sigma, mode="nearest", radius=int(4 * sigma))
        np.testing.assert_allclose(blurred, expected, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_low_resolution_equals_nearest_down_and_linear_up(shape: tuple[int, ...]) -> None:
    images, shares = rows(shape), [0.5, 0.63, 0.99, 0.21]
    result = lower_resolution(images, torch.tensor(shares))
    for image, share, low in zip(images, shares, result, strict=True):
        coarse = [max(1, round(share * size)) for size in shape]
        down = functional.interpolate(image[None, None], size=coarse, mode="nearest-exact")
        up = functional.interpolate(down, size=shape, mode="bilinear" if len(shape) == 2 else "trilinear", align_corners=False)
        torch.testing.assert_close(low, up[0, 0], atol=1e-5, rtol=1e-5)


def test_a_flat_image_stays_flat() -> None:
    flat = torch.full((2, 9, 30), -4.0)
    torch.testing.assert_close(blur(flat, torch.tensor([0.5, 6.0]), largest=6.0), flat)
    torch.testing.assert_close(lower_resolution(flat, torch.tensor([0.05, 0.9])), flat)
