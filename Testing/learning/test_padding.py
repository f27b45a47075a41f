"""Padding in validation and prediction is that of training."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from SSLSegmentationLib.imaging.preprocess import fit_to_shape
from SSLSegmentationLib.learning.padding import padded_forward


class Recorder(nn.Module):
    """Gives its input back and remembers it."""

    def forward(self, images: Tensor) -> Tensor:
        self.seen = images
        return images


@pytest.mark.parametrize(("size", "shape"), [((35, 50), (40, 56)), ((41, 9), (40, 12)), ((5, 6, 7), (8, 6, 10))])
def test_network_sees_what_a_centred_training_image_shows(size: tuple[int, ...], shape: tuple[int, ...]) -> None:
    images = torch.randn(2, 1, *size)
    network = Recorder()
    result = padded_forward(network, images, training_shape=shape)
    assert torch.equal(result, images)
    target = tuple(max(side, wanted) for side, wanted in zip(size, shape, strict=True))
    for image, seen in zip(images, network.seen, strict=True):
        assert torch.equal(seen, torch.from_numpy(fit_to_shape(image.numpy(), target)[0]))


def test_image_as_large_as_the_training_shape_is_left_alone() -> None:
    images = torch.randn(1, 1, 16, 16)
    network = Recorder()
    padded_forward(network, images, training_shape=(16, 8))
    assert network.seen.shape == images.shape
