"""Patches at uniform random positions that may overlap; the two patches of a pair never overlap each other."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.steps import Steps, finish

IntArray = npt.NDArray[np.int64]

# Once this many times the patches of one full covering were drawn, each next one is made to cover an uncovered pixel:
# areas close to the whole image would take forever otherwise.
FREE_COVERINGS = 20


def draw_patches(*, shape: Tuple[int, ...], patch_size: int, pixels: int, pairs: bool, rng: np.random.Generator) -> IntArray:
    """Corners (number, axes) whose patches together cover at least `pixels`; consecutive rows are the pairs."""
    return finish(draw_patches_steps(shape=shape, patch_size=patch_size, pixels=pixels, pairs=pairs, rng=rng))


def draw_patches_steps(
    *, shape: Tuple[int, ...], patch_size: int, pixels: int, pairs: bool, rng: np.random.Generator
) -> Steps[IntArray]:
    """As `draw_patches`, a patch or a pair a step."""
    box = np.array(shape) - patch_size + 1
    covered = np.zeros(shape, dtype=np.bool_)
    corners: List[IntArray] = []
    count = 0
    patience = FREE_COVERINGS * int(np.prod(-(-np.array(shape) // patch_size)))
    while count < pixels:
        aimed = len(corners) > patience
        group = _pair(box, patch_size, rng) if pairs else rng.integers(box, size=(1, len(box)))
        if aimed:
            group = _aim(covered, group, box, patch_size, rng)
        for corner in group:
            patch = covered[tuple(slice(start, start + patch_size) for start in corner)]
            count += patch.size - int(np.count_nonzero(patch))
            patch[...] = True
            corners.append(corner)
        yield
    return np.array(corners, dtype=np.int64)


def _pair(box: IntArray, patch_size: int, rng: np.random.Generator) -> IntArray:
    """Two corners (2, axes), uniform over all pairs whose patches do not overlap; the caller knows that there are some."""
    number = 8
    while True:
        draws = rng.integers(box, size=(number, 2, len(box)))
        apart = np.flatnonzero((np.abs(draws[:, 0] - draws[:, 1]) >= patch_size).any(axis=-1))
        if apart.size:
            pair: IntArray = draws[apart[0]]
            return pair
        number = min(number * 4, 1 << 14)


def _aim(covered: npt.NDArray[np.bool_], group: IntArray, box: IntArray, patch_size: int, rng: np.random.Generator) -> IntArray:
    """`group` with its first patch moved onto an uncovered pixel, and the second kept only where it does not overlap it."""
    left = np.flatnonzero(~covered)
    pixel = np.array(np.unravel_index(int(left[rng.integers(left.size)]), covered.shape))
    low, high = np.maximum(pixel - patch_size + 1, 0), np.minimum(pixel, box - 1) + 1
    first = rng.integers(low, high)
    while len(group) == 2 and (np.abs(group[1] - first) < patch_size).all():
        # Both anew: some places leave no room for a second patch.
        group, first = rng.integers(box, size=(2, len(box))), rng.integers(low, high)
    return np.concatenate([first[None], group[1:]])
