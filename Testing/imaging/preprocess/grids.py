"""Geometries for tests: every axis order, flips, oblique and left-handed."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial.transform import Rotation

from SSLSegmentationLib.imaging.geometry import Geometry


def geometry(shape=(5, 6, 7), spacing=(1.0, 1.0, 1.0), direction=None, origin=(10.0, -20.0, 30.0)) -> Geometry:
    """A grid; `spacing` and `direction` in SimpleITK's order."""
    matrix = np.eye(3) if direction is None else np.asarray(direction, dtype=float)
    return Geometry(tuple(shape), tuple(spacing), origin, tuple(matrix.reshape(-1).tolist()))


def all_directions() -> list[np.ndarray]:
    """The 48 signed permutations, half of them left-handed."""
    return [
        np.eye(3)[list(order)] * np.array(signs)
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1.0, -1.0), repeat=3)
    ]


def oblique_directions() -> list[np.ndarray]:
    """Each signed permutation turned by up to 35 degrees about a changing axis."""
    rng = np.random.default_rng(0)
    turned = []
    for direction in all_directions():
        axis = rng.normal(size=3)
        angle = np.deg2rad(rng.uniform(5, 35))
        turned.append(Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle).as_matrix() @ direction)
    return turned
