"""The turns of an image that keep its shape, as index maps over its flattened pixels."""

from __future__ import annotations

import itertools
from typing import List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

IndexMaps = npt.NDArray[np.int32]


def symmetry_maps(shape: Sequence[int]) -> IndexMaps:
    """Index maps (n, area): y.flat[p] = x.flat[maps[s][p]] is the image turned by symmetry s; the first is the identity.

    2D squares: 0, 90, 180, 270° counter-clockwise (as `numpy.rot90`). Other 2D shapes: 0, 180° and the two flips.
    3D cubes: the 24 rotations. Other volumes: the rotations that keep the shape, and the 8 axis flips.
    """
    pixels = np.arange(int(np.prod(shape)), dtype=np.int32).reshape(tuple(shape))
    if len(shape) == 2 and shape[0] == shape[1]:
        turned = [np.rot90(pixels, quarter) for quarter in range(4)]
    else:
        turned = [_apply(pixels, axes, signs) for axes, signs in _signed_permutations(shape)]
    return np.stack([image.reshape(-1) for image in turned])


def inverse_maps(maps: IndexMaps) -> IndexMaps:
    """For each map the one that undoes it."""
    inverse = np.empty_like(maps)
    np.put_along_axis(inverse, maps, np.arange(maps.shape[1], dtype=np.int32)[None], axis=1)
    return inverse


def _signed_permutations(shape: Sequence[int]) -> List[Tuple[Tuple[int, ...], Tuple[int, ...]]]:
    axes = tuple(range(len(shape)))
    cube = len(shape) == 3 and len(set(shape)) == 1
    kept = []
    for order in itertools.permutations(axes):
        for signs in itertools.product((1, -1), repeat=len(shape)):
            if [shape[axis] for axis in order] != list(shape):
                continue
            proper = np.linalg.det(np.eye(len(shape))[list(order)] * np.array(signs)) > 0
            if proper or (order == axes and not cube):
                kept.append((order, signs))
    return kept


def _apply(pixels: npt.NDArray[np.int32], axes: Tuple[int, ...], signs: Tuple[int, ...]) -> npt.NDArray[np.int32]:
    turned: npt.NDArray[np.int32] = pixels.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    return turned
