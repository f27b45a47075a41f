"""Elastic deformation: a cubic B-spline field from random control points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from SSLSegmentationLib.learning.augmentation.separable import along_axis

Array = npt.NDArray[Any]


def draw_control_points(shape: tuple[int, ...], hit: Array, largest: Array, spacing: float, rng: np.random.Generator) -> Array:
    """(N, d, *control points) displacements in voxels, 0 where `hit` (N,) is false.

    Each field is scaled so that its longest displacement at a knot of the spline equals `largest` (N,).
    """
    counts = [control_point_count(size, spacing) for size in shape]
    points = rng.uniform(-1.0, 1.0, (len(hit), len(shape), *counts))
    lengths = np.sqrt((_at_knots(points) ** 2).sum(axis=1)).reshape(len(hit), -1).max(axis=1)
    factors = np.where(hit, largest / lengths, 0.0).reshape(-1, *[1] * (points.ndim - 1))
    scaled: Array = (points * factors).astype(np.float32)
    return scaled


def control_point_count(size: int, spacing: float) -> int:
    """Control points of one axis of `size` voxels: one each `spacing` voxels, and those a cubic spline needs beyond the ends."""
    return int(np.ceil((size - 1) / spacing)) + 3


def displacement_field(points: Tensor, *, shape: tuple[int, ...], spacing: float) -> Tensor:
    """(N, d, *shape) displacements in voxels from control points (N, d, *control points)."""
    field = points
    for axis, size in enumerate(shape):
        basis = _basis(size, spacing, field.shape[2 + axis])
        field = along_axis(field, torch.as_tensor(basis, device=field.device), 2 + axis)
    return field


def _basis(size: int, spacing: float, count: int) -> npt.NDArray[np.float32]:
    """(size, count) weight of each control point at each voxel: the uniform cubic B-spline, centred on the axis."""
    # The knots' span is at least the axis; what is left over is shared between both ends.
    offset = ((count - 3) * spacing - (size - 1)) / 2
    place = (np.arange(size) + offset)[:, None] / spacing - (np.arange(count)[None, :] - 1)
    distance = np.abs(place)
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0.0, None) ** 3 / 6
    weights: npt.NDArray[np.float32] = np.where(distance < 1, near, far).astype(np.float32)
    return weights


def _at_knots(points: Array) -> Array:
    """The spline's value at its knots: weights 1/6, 4/6, 1/6 along each axis."""
    for axis in range(2, points.ndim):
        moved = np.moveaxis(points, axis, -1)
        moved = (moved[..., :-2] + 4 * moved[..., 1:-1] + moved[..., 2:]) / 6
        points = np.moveaxis(moved, -1, axis)
    return points
