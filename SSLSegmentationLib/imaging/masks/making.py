"""Making a pool of masks: patches drawn as data, then turned into masks and swap index maps."""

from __future__ import annotations

from typing import Callable, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.imaging.masks.lattice import find_layout_steps
from SSLSegmentationLib.imaging.masks.poisson_disc import PoissonDisc
from SSLSegmentationLib.imaging.masks.pool import MaskPool
from SSLSegmentationLib.imaging.masks.random_sampling import draw_patches_steps
from SSLSegmentationLib.imaging.masks.sizes import (
    auto_patch_size,
    auto_patch_size_steps,
    infeasible_steps,
    patches_needed,
    pixels_needed,
    reaches_steps,
)
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish
from SSLSegmentationLib.imaging.masks.symmetry import inverse_maps, symmetry_maps

IntArray = npt.NDArray[np.int64]
IndexMap = npt.NDArray[np.int32]
# The corners of one mask's patches, drawn in steps.
Draw = Callable[[np.random.Generator], Steps[IntArray]]


def make_pool(
    *, shape: Sequence[int], patch_size: int, area: float, sampling: str, count: int, pairs: bool, seed: int
) -> MaskPool:
    """`count` masks for images of `shape` (2 or 3 axes): patches are added until the share `area` is corrupted.

    `sampling` is "random" or "poisson_disc"; with `pairs` the patches are swapped two by two, one pair after the other.
    The same arguments give the same pool. Raises `config.infeasible`, naming the largest patch size that fits.
    """
    sizes = tuple(int(size) for size in shape)
    draw = finish(_placement(shape=sizes, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs))
    pixels = int(np.prod(sizes))
    own = np.arange(pixels, dtype=np.int32)
    masks = np.zeros((count, *sizes), dtype=np.bool_)
    index = np.empty((count, *sizes), dtype=np.int32) if pairs else None
    for number in range(count):
        corners = finish(draw(np.random.default_rng((seed, number))))
        if index is not None:
            index[number] = own.reshape(sizes)
        finish(_paint(corners, patch_size, mask=masks[number], index=None if index is None else index[number]))
    flat = masks.reshape(count, pixels)
    flat_index = None if index is None else index.reshape(count, pixels)
    changed = flat if flat_index is None else (row != own for row in flat_index)
    displaced = np.array([np.count_nonzero(row) / pixels for row in changed])
    symmetries = symmetry_maps(sizes)
    return MaskPool(sizes, patch_size, flat, flat_index, displaced, symmetries, inverse_maps(symmetries))


def first_mask_steps(
    *, shape: Sequence[int], patch_size: Union[int, str], area: float, sampling: str, pairs: bool, seed: int
) -> Steps[MaskPool]:
    """A pool of only the first mask that `make_pool` makes of the same arguments, unturned, in steps of some milliseconds.

    `patch_size` may be "auto". Raises `config.infeasible`, naming the largest patch size that fits.
    """
    sizes = tuple(int(size) for size in shape)
    if isinstance(patch_size, str):
        patch_size = yield from auto_patch_size_steps(shape=sizes, area=area, sampling=sampling, pairs=pairs)
    draw = yield from _placement(shape=sizes, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs)
    corners = yield from draw(np.random.default_rng((seed, 0)))
    own = np.arange(int(np.prod(sizes)), dtype=np.int32)
    mask = np.zeros(sizes, dtype=np.bool_)
    index = own.reshape(sizes).copy() if pairs else None
    yield from _paint(corners, patch_size, mask=mask, index=index)
    flat = mask.reshape(1, -1)
    flat_index = None if index is None else index.reshape(1, -1)
    changed = flat[0] if flat_index is None else flat_index[0] != own
    displaced = np.array([np.count_nonzero(changed) / own.size])
    return MaskPool(sizes, patch_size, flat, flat_index, displaced, own[None], own[None])


def _paint(corners: IntArray, patch_size: int, *, mask: npt.NDArray[np.bool_], index: Optional[IndexMap]) -> Steps[None]:
    """Marks the patches in `mask`, and swaps them pair by pair in `index`, both in place."""
    patches = []
    for corner in corners:
        patches.append(_patch(corner, patch_size))
        mask[patches[-1]] = True
        yield
    if index is not None:
        for one, other in zip(patches[::2], patches[1::2]):
            swap(index, one, other)
            yield


def swap(array: npt.NDArray[np.int32], one: Tuple[slice, ...], other: Tuple[slice, ...]) -> None:
    """Exchanges two patches of `array` in place; done on an index map it composes with the swaps before."""
    kept = array[one].copy()
    array[one] = array[other]
    array[other] = kept


def _patch(corner: IntArray, patch_size: int) -> Tuple[slice, ...]:
    return tuple(slice(start, start + patch_size) for start in corner.tolist())


def _placement(*, shape: Tuple[int, ...], patch_size: int, area: float, sampling: str, pairs: bool) -> Steps[Draw]:
    """The function that draws the corners of one mask's patches."""
    if sampling == "poisson_disc":
        rule = SpacingRule(shape, patch_size)
        number = patches_needed(shape=shape, patch_size=patch_size, area=area, pairs=pairs)
        layout = yield from find_layout_steps(rule, number)
        if layout is not None:
            return PoissonDisc(rule=rule, number=number, layout=layout).draw_steps
    elif (yield from reaches_steps(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs)):
        pixels = pixels_needed(shape, area)
        return lambda rng: draw_patches_steps(shape=shape, patch_size=patch_size, pixels=pixels, pairs=pairs, rng=rng)
    raise (yield from infeasible_steps(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs))


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
