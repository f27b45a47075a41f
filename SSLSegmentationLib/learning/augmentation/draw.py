"""What is done to each image of a batch: all randomness of augmentation, drawn as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config.sections import AugmentConfig
from SSLSegmentationLib.learning.augmentation.elastic import draw_control_points

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class AugmentationDraw:
    """The drawn changes of N images with C channels and d spatial axes of `shape`, in array order of the axes.

    Where a change was not drawn, its entry has the identity's value: nothing is then computed for that image.
    """

    shape: tuple[int, ...]
    flips: Array  # (N, d) bool: axes that are mirrored
    matrices: Array  # (N, d, d): from output to input voxels about the centre; identity: the unit matrix
    elastic: Array  # (N, d, *control points) displacement in voxels; identity: 0
    elastic_spacing: float  # distance of the control points in voxels
    noise_sd: Array  # (N, C) SD of the added noise; identity: 0
    noise_seed: Array  # (N, C) int64 seed of the noise
    blur_sigma: Array  # (N, C) voxels; identity: 0
    brightness: Array  # (N, C) factor; identity: 1
    contrast: Array  # (N, C) factor about the mean; identity: 1
    low_resolution: Array  # (N, C) share of the resolution; identity: 1
    gamma: Array  # (N, C) exponent; identity: 1
    gamma_inverted: Array  # (N, C) bool: the curve acts on the inverted image

    def __len__(self) -> int:
        return int(self.flips.shape[0])

    def take(self, samples: slice | list[int]) -> AugmentationDraw:
        """The draw of some of the batch's images."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        taken: Any = {name: value[samples] for name, value in values.items() if isinstance(value, np.ndarray)}
        return dataclasses.replace(self, **taken)

    @property
    def warped(self) -> Array:
        """(N,) bool: images that are rotated, scaled or deformed."""
        return self.turned | self.deformed

    @property
    def turned(self) -> Array:
        """(N,) bool: images that are rotated or scaled."""
        result: Array = np.any(self.matrices != np.eye(len(self.shape)), axis=(1, 2))
        return result

    @property
    def deformed(self) -> Array:
        """(N,) bool: images with an elastic deformation."""
        result: Array = np.any(self.elastic != 0, axis=tuple(range(1, self.elastic.ndim)))
        return result


def draw_augmentation(
    config: AugmentConfig,
    *,
    shape: tuple[int, ...],
    batch: int,
    channels: int,
    rng: np.random.Generator,
    spacing: Array | None = None,
) -> AugmentationDraw:
    """Draws the changes of `batch` images with `channels` channels and spatial `shape` (2D or 3D).

    Each change is drawn per image with its probability; its strength is drawn per channel. `spacing` (N, d), the voxel sizes
    of each image in array order, makes rotations rigid on voxels that are not cubic. The amount of random numbers taken from
    `rng` does not depend on probabilities or ranges.
    """
    per_channel = (batch, channels)

    def hit(probability: float) -> Array:
        return np.asarray(rng.random((batch, 1)) < (probability if config.enabled else 0.0))

    def strengths(probability: float, bounds: tuple[float, float], identity: float) -> Array:
        draw = _balanced if identity == 1.0 else _uniform
        return np.where(hit(probability), draw(rng, bounds, per_channel), identity)

    flips = rng.random((batch, len(shape))) < (config.flip_probability if config.enabled else 0.0)
    return AugmentationDraw(
        shape=shape,
        flips=flips,
        matrices=_draw_matrices(config, hit=hit, axes=len(shape), batch=batch, rng=rng, spacing=spacing),
        elastic=draw_control_points(
            shape,
            hit(config.elastic_probability)[:, 0],
            _uniform(rng, config.elastic_displacement, (batch,)),
            config.elastic_spacing,
            rng,
        ),
        elastic_spacing=config.elastic_spacing,
        noise_sd=strengths(config.noise_probability, config.noise_sd, 0.0),
        noise_seed=rng.integers(0, 2**63 - 1, per_channel),
        blur_sigma=strengths(config.blur_probability, config.blur_sigma, 0.0),
        brightness=strengths(config.brightness_probability, config.brightness, 1.0),
        contrast=strengths(config.contrast_probability, config.contrast, 1.0),
        low_resolution=np.where(hit(config.low_resolution_probability), _uniform(rng, config.low_resolution, per_channel), 1.0),
        gamma=strengths(config.gamma_probability, config.gamma, 1.0),
        gamma_inverted=rng.random(per_channel) < config.gamma_inverted_share,
    )


def _uniform(rng: np.random.Generator, bounds: tuple[float, float], size: tuple[int, ...]) -> Array:
    return bounds[0] + (bounds[1] - bounds[0]) * rng.random(size)


def _balanced(rng: np.random.Generator, bounds: tuple[float, float], size: tuple[int, ...]) -> Array:
    """Uniform on each side of 1, with half of the draws on each, so that a range like 0.7 to 1.4 has no bias upwards."""
    low, high = bounds
    upper, share = rng.random(size) < 0.5, rng.random(size)
    if not low < 1.0 < high:
        return low + (high - low) * share
    return np.where(upper, 1.0 + (high - 1.0) * share, low + (1.0 - low) * share)


def _draw_matrices(
    config: AugmentConfig,
    *,
    hit: Callable[[float], Array],
    axes: int,
    batch: int,
    rng: np.random.Generator,
    spacing: Array | None,
) -> Array:
    """(N, d, d) from output to input voxels; the unit matrix, exactly, where neither rotation nor scaling was drawn."""
    angles = np.where(
        hit(config.rotation_probability), np.deg2rad(_uniform(rng, config.rotation_degrees, (batch, 1 if axes == 2 else 3))), 0.0
    )
    factors = np.where(hit(config.scaling_probability), _balanced(rng, config.scaling, (batch, 1)), 1.0)
    rotations = np.broadcast_to(np.eye(axes), (batch, axes, axes))
    # In 2D the plane of rows and columns; in 3D one turn in the plane of each pair of axes.
    for plane, angle in zip([(0, 1)] if axes == 2 else [(1, 2), (0, 2), (0, 1)], angles.T, strict=True):
        rotations = rotations @ _rotation(plane, angle, axes)
    # Relative, so that cubic voxels of any size leave a rotation as it is, bit for bit.
    sizes = np.ones((batch, axes)) if spacing is None else spacing / spacing[:, :1]
    in_voxels = rotations * sizes[:, None, :] / sizes[:, :, None] / factors[:, :, None]
    untouched = (angles == 0).all(axis=1) & (factors[:, 0] == 1.0)
    return np.where(untouched[:, None, None], np.eye(axes), in_voxels)


def _rotation(plane: tuple[int, int], angle: Array, axes: int) -> Array:
    """(N, d, d) rotations by (N,) angles in radians in the plane of two axes."""
    matrix = np.tile(np.eye(axes), (len(angle), 1, 1))
    first, second = plane
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, first, second], matrix[:, second, first] = -np.sin(angle), np.sin(angle)
    return matrix
