from __future__ import annotations

import pytest
import torch

from SSLSegmentationLib.learning.augmentation import apply_augmentation
from SSLSegmentationLib.learning.augmentation.intensity import add_noise, bend_gamma, scale_brightness, stretch_contrast
from Testing.learning.augmentation.batches import draw, only

SHAPES = [(40, 50), (12, 15, 10)]


def rows(shape: tuple[int, ...], count: int = 3) -> torch.Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0)) * 2 + 1


@pytest.mark.parametrize("shape", SHAPES)
def test_noise_has_the_drawn_sd_and_depends_on_its_seed_only(shape: tuple[int, ...]) -> None:
    flat = torch.zeros(3, *shape)
    noise = add_noise(flat, torch.tensor([0.1, 0.5, 0.5]), [1, 2, 1])
    assert noise.flatten(1).std(1).tolist() == pytest.approx([0.1, 0.5, 0.5], rel=0.06)
    assert noise.flatten(1).mean(1).abs().max() < 0.05
    torch.testing.assert_close(noise[0] * 5, noise[2])
    assert not torch.equal(noise[1], noise[2])
    state = torch.get_rng_state()
    add_noise(flat, torch.ones(3), [1, 2, 3])
    assert torch.equal(state, torch.get_rng_state())


def test_channels_get_noise_of_their_own() -> None:
    images = torch.zeros(2, 2, 10, 10)
    noisy = apply_augmentation(images, None, None, draw(only("noise"), (10, 10), batch=2))[0]
    different = noisy / noisy.flatten(2).std(2)[..., None, None]
    assert not torch.allclose(different[0, 0], different[0, 1], atol=0.1)
    assert not torch.allclose(different[0, 0], different[1, 0], atol=0.1)


@pytest.mark.parametrize("shape", SHAPES)
def test_brightness_multiplies(shape: tuple[int, ...]) -> None:
    images = rows(shape)
    result = scale_brightness(images, torch.tensor([0.5, 1.0, 2.0]))
    assert torch.equal(result, torch.stack([images[0] * 0.5, images[1], images[2] * 2]))


@pytest.mark.parametrize("shape", SHAPES)
def test_contrast_keeps_the_range_and_lower_contrast_the_mean(shape: tuple[int, ...]) -> None:
    images = rows(shape)
    low, high = images.flatten(1).aminmax(dim=1)
    result = stretch_contrast(images, torch.tensor([0.5, 0.8, 3.0])).flatten(1)
    assert (result.amin(1) >= low).all()
    assert (result.amax(1) <= high).all()
    torch.testing.assert_close(result[:2].mean(1), images.flatten(1)[:2].mean(1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(result[:2].std(1), images.flatten(1)[:2].std(1) * torch.tensor([0.5, 0.8]), atol=1e-4, rtol=1e-4)
    assert result[2].std() > images[2].std()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("inverted", [False, True])
def test_gamma_keeps_mean_sd_and_order(shape: tuple[int, ...], inverted: bool) -> None:
    images = rows(shape)
    result = bend_gamma(images, torch.tensor([0.7, 1.0, 1.5]), torch.tensor([inverted] * 3))
    torch.testing.assert_close(result.flatten(1).mean(1), images.flatten(1).mean(1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(result.flatten(1).std(1), images.flatten(1).std(1), atol=1e-4, rtol=1e-4)
    assert torch.equal(result[2].flatten().argsort(), images[2].flatten().argsort())
    torch.testing.assert_close(result[1], images[1], atol=1e-4, rtol=1e-4)


def test_gamma_on_the_inverted_image_is_gamma_of_the_negative() -> None:
    images, exponent = rows((40, 50)), torch.tensor([0.7, 1.2, 1.5])
    upright = bend_gamma(-images, exponent, torch.tensor([False] * 3))
    torch.testing.assert_close(bend_gamma(images, exponent, torch.tensor([True] * 3)), -upright, atol=1e-4, rtol=1e-4)
    # A high exponent darkens: the curve lies below the straight line, so the median falls; inverted it rises.
    skewed = torch.linspace(0, 1, 1001).reshape(1, 7, 143)
    dark, bright = (bend_gamma(skewed, torch.tensor([3.0]), torch.tensor([way])) for way in (False, True))
    assert dark.median() < skewed.median() < bright.median()


def test_a_flat_image_survives_every_change() -> None:
    images = torch.full((4, 1, 16, 16), 2.0)
    config = only("blur", "contrast", "gamma", "low_resolution")
    result = apply_augmentation(images, None, None, draw(config, (16, 16), batch=4, channels=1))[0]
    torch.testing.assert_close(result, images)
