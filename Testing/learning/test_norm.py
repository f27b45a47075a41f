"""The fast group norm gives torch's values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from SSLSegmentationLib.learning.networks.norm import GroupNorm, is_channels_last_on_cpu
from SSLSegmentationLib.learning.networks.unet import UNet


def images(channels: int, *, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(channels)
    values = torch.randn(3, channels, 7, 5, generator=generator).mul(scale).relu()
    return values.to(memory_format=torch.channels_last).requires_grad_()


@pytest.mark.parametrize(("groups", "channels"), [(1, 4), (4, 4), (16, 32), (8, 24)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_values_and_gradients_are_those_of_torch(groups: int, channels: int, scale: float) -> None:
    x = images(channels, scale=scale)
    norm = GroupNorm(groups, channels)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    assert is_channels_last_on_cpu(x)
    fast = norm(x)
    reference = torch.nn.functional.group_norm(x.double(), groups, norm.weight.double(), norm.bias.double(), norm.eps)
    weights = torch.randn_like(fast)
    inputs = (x, norm.weight, norm.bias)
    gradients = torch.autograd.grad((fast * weights).sum(), inputs)
    expected = torch.autograd.grad((reference * weights).sum(), inputs)
    assert torch.allclose(fast.double(), reference, atol=1e-4)
    for found, wanted in zip(gradients, expected, strict=True):
        assert torch.allclose(found, wanted, atol=2e-4 * float(wanted.abs().max()))


def test_network_gives_the_same_outputs_and_gradients_in_both_layouts() -> None:
    network = UNet(dims=2, in_channels=1, out_channels=2, base_width=4, levels=2)
    x = torch.randn(2, 1, 8, 8)
    layouts = []
    for channels_last in (True, False):
        for block in [*network.encoder, *network.decoder]:
            block.channels_last = channels_last  # type: ignore[assignment]  # switched for the comparison
        network.zero_grad()
        output = network(x)
        output.square().mean().backward()
        layouts.append(
            [output.detach(), *(parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None)]
        )
    for fast, plain in zip(*layouts, strict=True):
        assert torch.allclose(fast, plain, atol=1e-4 * float(plain.abs().max() + 1))


def test_other_layouts_take_torchs_own_path() -> None:
    x = torch.randn(2, 4, 3, 5)
    norm = GroupNorm(2, 4)
    assert not is_channels_last_on_cpu(x)
    assert torch.equal(norm(x), torch.nn.functional.group_norm(x, 2, norm.weight, norm.bias, norm.eps))


def test_state_is_named_as_torchs() -> None:
    assert set(GroupNorm(2, 4).state_dict()) == {"weight", "bias"}
