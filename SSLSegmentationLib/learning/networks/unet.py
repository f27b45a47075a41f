"""The papers' U-Net, in 2D and 3D, of any width and depth, for input of any size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from SSLSegmentationLib.learning.networks.norm import GroupNorm

CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOL = {2: functional.max_pool2d, 3: functional.max_pool3d}
CONVOLVE = {2: functional.conv2d, 3: functional.conv3d}
LAST_LAYER = "last"
ENCODER = "encoder"


class WeightStandardised(nn.Module):
    """A 3-wide convolution whose weights have zero mean and unit SD per output channel (Qiao et al. 2019)."""

    def __init__(self, dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        convolution = CONVOLUTION[dims](in_channels, out_channels, kernel_size=3, padding=1)
        self.weight = convolution.weight
        self.bias = convolution.bias
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        flat = self.weight.flatten(1)
        spread, mean = torch.std_mean(flat, dim=1, keepdim=True, unbiased=False)
        weight = ((flat - mean) / (spread + 1e-5)).view_as(self.weight)
        return CONVOLVE[self.dims](x, weight, self.bias, padding=1)


class Block(nn.Module):
    """Conv 3 → ReLU → weight-standardised conv 3 → ReLU → group norm of gcd(16, channels) groups."""

    def __init__(self, dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = CONVOLUTION[dims](in_channels, out_channels, kernel_size=3, padding=1)
        self.second = WeightStandardised(dims, out_channels, out_channels)
        self.norm = GroupNorm(math.gcd(16, out_channels), out_channels)
        # On CPUs 2D convolutions and pooling are faster in this layout: 5 to 12 % of a training step here.
        self.channels_last = dims == 2

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if self.channels_last and x.device.type == "cpu":
            # Here, not at the input: an image of one channel does not say in which layout it lies.
            x = x.contiguous(memory_format=torch.channels_last)
        x = functional.relu(x, inplace=True)
        x = functional.relu(self.second(x), inplace=True)
        result: Tensor = self.norm(x)
        return result


class UNet(nn.Module):
    """U-Net of methods A: max-pooling 2, transposed convolutions, skip connections, a last 1-wide convolution.

    Parameters: `dims` 2 or 3, `in_channels`, `out_channels`, `base_width` channels of the first level (doubled at each
    further one), `levels` resolutions. Input (N, in_channels, *S) of any size S is padded to a multiple of
    2^(levels − 1) and the output is cropped back to S.
    """

    def __init__(self, *, dims: int, in_channels: int, out_channels: int, base_width: int, levels: int) -> None:
        super().__init__()
        widths = [base_width * 2**level for level in range(levels)]
        self.dims = dims
        self.multiple = 2 ** (levels - 1)
        self.encoder = nn.ModuleList(
            Block(dims, before, width) for before, width in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.up = nn.ModuleList(
            TRANSPOSED[dims](below, width, kernel_size=2, stride=2) for below, width in zip(widths[1:], widths[:-1], strict=True)
        )
        self.decoder = nn.ModuleList(Block(dims, 2 * width, width) for width in widths[:-1])
        self.last = CONVOLUTION[dims](widths[0], out_channels, kernel_size=1)
        self.apply(_he_normal)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, out_channels, *S) of images (N, in_channels, *S)."""
        size = x.shape[2:]
        x = self._pad(x)
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            if level:
                x = MAX_POOL[self.dims](x, 2)
            x = block(x)
            skips.append(x)
        skips.pop()
        for level in reversed(range(len(skips))):
            x = torch.cat([skips[level], self.up[level](x)], dim=1)
            x = self.decoder[level](x)
        result: Tensor = self.last(x)
        for axis, side in enumerate(size, start=2):
            result = result.narrow(axis, 0, side)
        return result

    def _pad(self, x: Tensor) -> Tensor:
        missing = [-side % self.multiple for side in x.shape[2:]]
        if not any(missing):
            return x
        return functional.pad(x, [amount for side in reversed(missing) for amount in (0, side)])


def _he_normal(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d, WeightStandardised)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def build(plan: Mapping[str, Any]) -> UNet:
    """`UNet` of a plan {dims, base_width, levels, in_channels, out_channels}."""
    return UNet(
        dims=int(plan["dims"]),
        in_channels=int(plan["in_channels"]),
        out_channels=int(plan["out_channels"]),
        base_width=int(plan["base_width"]),
        levels=int(plan["levels"]),
    )


def auto_levels(training_shape: tuple[int, ...], *, most: int = 5, smallest_side: int = 4) -> int:
    """Most levels whose coarsest side of the training shape still has `smallest_side` voxels, at most `most`."""
    levels = 1
    while levels < most and min(training_shape) / 2**levels >= smallest_side:
        levels += 1
    return levels
