"""Making a pool of masks: patches drawn as data, then turned into masks and swap index maps."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.imaging.masks.lattice import find_layout
from SSLSegmentationLib.imaging.masks.poisson_disc import PoissonDisc
from SSLSegmentationLib.imaging.masks.pool import MaskPool
from SSLSegmentationLib.imaging.masks.random_sampling import draw_patches
from SSLSegmentationLib.imaging.masks.sizes import auto_patch_size, infeasible, patches_needed, pixels_needed, reaches
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.symmetry import inverse_maps, symmetry_maps

IntArray = npt.NDArray[np.int64]
Draw = Callable[[np.random.Generator], IntArray]


def make_pool(
    *, shape: Sequence[int], patch_size: int, area: float, sampling: str, count: int, pairs: bool, seed: int
) -> MaskPool:
    """`count` masks for images of `shape` (2 or 3 axes): patches are added until the share `area` is corrupted.

    `sampling` is "random" or "poisson_disc"; with `pairs` the patches are swapped two by two, one pair after the other.
    The same arguments give the same pool. Raises `config.infeasible`, naming the largest patch size that fits.
    """
    sizes = tuple(int(size) for size in shape)
    draw = _placement(shape=sizes, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs)
    pixels = int(np.prod(sizes))
    own = np.arange(pixels, dtype=np.int32)
    masks = np.zeros((count, *sizes), dtype=np.bool_)
    index = np.empty((count, *sizes), dtype=np.int32) if pairs else None
    for number in range(count):
        patches = [_patch(corner, patch_size) for corner in draw(np.random.default_rng((seed, number)))]
        for patch in patches:
            masks[number][patch] = True
        if index is not None:
            index[number] = own.reshape(sizes)
            for one, other in zip(patches[::2], patches[1::2]):
                swap(index[number], one, other)
    flat = masks.reshape(count, pixels)
    flat_index = None if index is None else index.reshape(count, pixels)
    changed = flat if flat_index is None else (row != own for row in flat_index)
    displaced = np.array([np.count_nonzero(row) / pixels for row in changed])
    symmetries = symmetry_maps(sizes)
    return MaskPool(sizes, patch_size, flat, flat_index, displaced, symmetries, inverse_maps(symmetries))


def swap(array: npt.NDArray[np.int32], one: Tuple[slice, ...], other: Tuple[slice, ...]) -> None:
    """Exchanges two patches of `array` in place; done on an index map it composes with the swaps before."""
    kept = array[one].copy()
    array[one] = array[other]
    array[other] = kept


def _patch(corner: IntArray, patch_size: int) -> Tuple[slice, ...]:
    return tuple(slice(start, start + patch_size) for start in corner.tolist())


def _placement(*, shape: Tuple[int, ...], patch_size: int, area: float, sampling: str, pairs: bool) -> Draw:
    """The function that draws the corners of one mask's patches."""
    if sampling == "poisson_disc":
        rule = SpacingRule(shape, patch_size)
        number = patches_needed(shape=shape, patch_size=patch_size, area=area, pairs=pairs)
        layout = find_layout(rule, number)
        if layout is None:
            raise infeasible(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs)
        return PoissonDisc(rule=rule, number=number, layout=layout).draw
    if not reaches(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs):
        raise infeasible(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs)
    pixels = pixels_needed(shape, area)
    return lambda rng: draw_patches(shape=shape, patch_size=patch_size, pixels=pixels, pairs=pairs, rng=rng)


def pool_of_config(config: Config, *, shape: Sequence[int], pairs: bool) -> MaskPool:
    """The pool that a config asks for, for training images of `shape`; `config.infeasible` where the area can't be had."""
    pretext = config.pretext
    size = pretext.patch_size
    if isinstance(size, str):
        size = auto_patch_size(shape=shape, area=pretext.corrupted_area, sampling=pretext.sampling, pairs=pairs)
    return make_pool(
        shape=shape,
        patch_size=size,
        area=pretext.corrupted_area,
        sampling=pretext.sampling,
        count=pretext.mask_pool,
        pairs=pairs,
        seed=config.seed,
    )
