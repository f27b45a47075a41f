"""The U-Net: any size, any width, both numbers of dimensions."""

from __future__ import annotations

import pytest
import torch

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.learning.networks import build_network
from SSLSegmentationLib.learning.networks.unet import UNet, WeightStandardised, auto_levels


def plan(**changes: object) -> dict[str, object]:
    return {"name": "unet", "dims": 2, "in_channels": 1, "out_channels": 3, "base_width": 4, "levels": 3, **changes}


@pytest.mark.parametrize(("dims", "size"), [(2, (17, 23)), (2, (8, 8)), (2, (1, 5)), (3, (9, 6, 11)), (3, (1, 1, 1))])
def test_output_has_the_size_of_any_input(dims: int, size: tuple[int, ...]) -> None:
    network = build_network(plan(dims=dims, in_channels=2))
    assert network(torch.randn(2, 2, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("width", [1, 3, 7, 16, 24])
def test_any_base_width_builds_and_takes_gradients(width: int) -> None:
    network = build_network(plan(base_width=width))
    network(torch.randn(1, 1, 16, 16)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_paper_network_has_the_widths_of_the_paper() -> None:
    network = build_network(plan(base_width=32, levels=5))
    assert isinstance(network, UNet)
    assert [block.first.out_channels for block in network.encoder] == [32, 64, 128, 256, 512]  # type: ignore[union-attr]  # a module list


def test_networks_of_pretraining_and_segmentation_differ_in_the_last_layer_only() -> None:
    inpainting, segmentation = build_network(plan(out_channels=1)), build_network(plan(out_channels=4))
    shapes = [{name: value.shape for name, value in network.state_dict().items()} for network in (inpainting, segmentation)]
    assert {name for name in shapes[0] if shapes[0][name] != shapes[1][name]} == {"last.weight", "last.bias"}


def test_weight_standardised_convolution_ignores_scale_and_shift_of_its_weights() -> None:
    layer = WeightStandardised(2, 3, 5)
    images = torch.randn(1, 3, 8, 8)
    before = layer(images)
    with torch.no_grad():
        layer.weight.mul_(3).add_(1)
    assert torch.allclose(layer(images), before, atol=1e-3)


def test_unknown_network_names_the_known_ones() -> None:
    with pytest.raises(SSLSegmentationError, match="unet"):
        build_network(plan(name="resnet"))


@pytest.mark.parametrize(("shape", "levels"), [((56, 40), 4), ((512, 512), 5), ((8, 8), 2), ((40, 56, 40), 4), ((3, 9), 1)])
def test_automatic_depth_keeps_the_coarsest_side_at_four_voxels(shape: tuple[int, ...], levels: int) -> None:
    assert auto_levels(shape) == levels
    assert min(shape) / 2 ** (levels - 1) >= 4 or levels == 1
