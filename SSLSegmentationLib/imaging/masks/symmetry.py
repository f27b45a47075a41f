"""The turns of an image that keep its shape."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Symmetry:
    """A permutation of the image's axes, then a flip of those whose sign is −1."""

    axes: Tuple[int, ...]
    signs: Tuple[int, ...]

    def turn_corners(self, corners: npt.NDArray[np.int32], *, shape: Sequence[int], patch_size: int) -> npt.NDArray[np.int32]:
        """Where patches with their first voxels at `corners` (patches, axes) begin in the turned image."""
        turned: npt.NDArray[np.int32] = corners[:, list(self.axes)]
        last = np.array(shape, dtype=np.int32) - np.int32(patch_size)
        return np.where(np.array(self.signs) < 0, last - turned, turned)


def symmetries_of(shape: Sequence[int]) -> Tuple[Symmetry, ...]:
    """The turns that keep `shape`; the first is none.

    2D squares: 0, 90, 180, 270° counter-clockwise (as `numpy.rot90`). Other 2D shapes: 0, 180° and the two flips.
    3D cubes: the 24 rotations. Other volumes: the rotations that keep the shape, and the 8 axis flips.
    """
    if len(shape) == 2 and shape[0] == shape[1]:
        quarters = (((0, 1), (1, 1)), ((1, 0), (-1, 1)), ((0, 1), (-1, -1)), ((1, 0), (1, -1)))
        return tuple(Symmetry(axes, signs) for axes, signs in quarters)
    own = tuple(range(len(shape)))
    cube = len(shape) == 3 and len(set(shape)) == 1
    kept = []
    for order in itertools.permutations(own):
        for signs in itertools.product((1, -1), repeat=len(shape)):
            if [shape[axis] for axis in order] != list(shape):
                continue
            proper = np.linalg.det(np.eye(len(shape))[list(order)] * np.array(signs)) > 0
            if proper or (order == own and not cube):
                kept.append(Symmetry(order, signs))
    return tuple(kept)
