"""Group norm that is fast for channels-last images on a CPU, where torch's own backward pass is slow."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class GroupNorm(nn.GroupNorm):
    """`torch.nn.GroupNorm`; channels-last float32 images on a CPU take a path with the same result in fewer passes."""

    def forward(self, x: Tensor) -> Tensor:
        if is_channels_last_on_cpu(x):
            result: Tensor = _ChannelsLast.apply(x, self.weight, self.bias, self.num_groups, self.eps)  # type: ignore[no-untyped-call]  # torch has no types for it
            return result
        return super().forward(x)


def is_channels_last_on_cpu(x: Tensor) -> bool:
    """Whether a batch of 2D images (N, C, H, W) lies channels-last in float32 in main memory."""
    return (
        x.device.type == "cpu" and x.ndim == 4 and x.dtype == torch.float32 and x.is_contiguous(memory_format=torch.channels_last)
    )


def _rows(x: Tensor) -> Tensor:
    """(N, C, H, W) channels-last as (N, H·W, C), without a copy where it lies so."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, x.shape[1])


def _images(rows: Tensor, like: Tensor) -> Tensor:
    return rows.view(len(like), *like.shape[2:], like.shape[1]).permute(0, 3, 1, 2)


class _ChannelsLast(torch.autograd.Function):
    """y = (x − mean) / SD · weight + bias, mean and SD over each group's channels and all voxels of an image."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float) -> Tensor:
        rows = _rows(x)
        count, voxels, channels = rows.shape
        size = voxels * channels // groups
        mean = rows.sum(1).view(count, groups, -1).sum(2) / size
        square = (rows * rows).sum(1).view(count, groups, -1).sum(2) / size
        inverse_sd = (square - mean * mean).clamp_(min=0).add_(eps).rsqrt()
        scale = inverse_sd.unsqueeze(2) * weight.view(groups, -1)
        shift = bias.view(groups, -1) - mean.unsqueeze(2) * scale
        ctx.save_for_backward(x, weight, mean, inverse_sd, scale)
        return _images(torch.addcmul(shift.view(count, 1, channels), rows, scale.view(count, 1, channels)), x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, inverse_sd, scale = ctx.saved_tensors
        rows, gradient = _rows(x), _rows(gradients[0])
        count, voxels, channels = rows.shape
        groups = mean.shape[1]
        size = voxels * channels // groups
        by_channel = (count, groups, channels // groups)
        gradient_sum = gradient.sum(1).view(by_channel)
        product_sum = (gradient * rows).sum(1).view(by_channel)
        of_weight = ((product_sum - mean.unsqueeze(2) * gradient_sum) * inverse_sd.unsqueeze(2)).sum(0).view(channels)
        weights = weight.view(groups, -1)
        weighted, weighted_product = (weights * gradient_sum).sum(2), (weights * product_sum).sum(2)
        slope = (weighted * mean - weighted_product) * inverse_sd**3 / size
        offset = -slope * mean - weighted * inverse_sd / size
        spread = [value.unsqueeze(2).expand(by_channel).reshape(count, 1, channels) for value in (slope, offset)]
        of_x = torch.addcmul(spread[1], rows, spread[0]).addcmul_(gradient, scale.view(count, 1, channels))
        return _images(of_x, x), of_weight, gradient_sum.sum(0).view(channels), None, None
