"""Linear filters along one axis after the other, each image with its own: blur and low resolution as matrices.

A filter along an axis of n voxels is an (n, n) matrix, border included. One batched product then serves images whose
filters differ, where convolutions and interpolations would need a call for each of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# A Gaussian is cut off at this many sigmas.
TRUNCATE = 4.0


def along_axis(values: Tensor, matrix: Tensor, axis: int) -> Tensor:
    """`values` (R, …, n, …) with the axis of n voxels multiplied by `matrix` (m, n), or by one (R, m, n) for each row R."""
    moved = values.movedim(axis, -1)
    flat = moved.reshape(moved.shape[0], -1, moved.shape[-1])
    result = flat @ matrix.transpose(-1, -2)
    return result.reshape(*moved.shape[:-1], matrix.shape[-2]).movedim(-1, axis)


def blur(rows: Tensor, sigma: Tensor, *, largest: float) -> Tensor:
    """Gaussian blur of images `rows` (R, *S), each with its own `sigma` (R,) in voxels, none above `largest`.

    The border voxels are repeated.
    """
    for axis in range(1, rows.ndim):
        rows = along_axis(rows, _gaussian_matrix(sigma, rows.shape[axis], reach=math.ceil(TRUNCATE * largest)), axis)
    return rows


def lower_resolution(rows: Tensor, share: Tensor) -> Tensor:
    """Images `rows` (R, *S) at `share` (R,) of their resolution, by the nearest voxel, and linearly back to their size."""
    for axis in range(1, rows.ndim):
        rows = along_axis(rows, _resolution_matrix(share, rows.shape[axis]), axis)
    return rows


def _gaussian_matrix(sigma: Tensor, size: int, *, reach: int) -> Tensor:
    """(R, size, size) weights of kernels that reach at most `reach` voxels; what lies beyond an end is added to that end."""
    offsets = torch.arange(-reach, reach + 1, device=sigma.device)
    distance = offsets.abs() / sigma[:, None]
    kernel = torch.exp(-0.5 * distance**2) * (distance <= TRUNCATE)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    inputs = (torch.arange(size, device=sigma.device)[:, None] + offsets).clamp(0, size - 1)
    matrix = torch.zeros(len(sigma), size, size, device=sigma.device, dtype=sigma.dtype)
    return matrix.scatter_add_(2, inputs.expand(len(sigma), -1, -1), kernel[:, None, :].expand(-1, size, -1))


def _resolution_matrix(share: Tensor, size: int) -> Tensor:
    """(R, size, size): nearest voxel down to `share` of the voxels, linear back."""
    coarse = (share * size).round().clamp(min=1.0)[:, None]
    step = coarse / size
    # Where each voxel lies between two coarse ones; the ends are held.
    place = torch.minimum(((torch.arange(size, device=share.device) + 0.5) * step - 0.5).clamp(min=0.0), coarse - 1.0)
    left = place.floor()
    right = torch.minimum(left + 1.0, coarse - 1.0)
    weight = place - left
    matrix = torch.zeros(len(share), size, size, device=share.device, dtype=share.dtype)
    for index, amount in ((left, 1.0 - weight), (right, weight)):
        source = ((index + 0.5) / step).floor().long().clamp(max=size - 1)
        matrix.scatter_add_(-1, source[..., None], amount[..., None])
    return matrix
