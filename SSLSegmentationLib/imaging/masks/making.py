"""Making a pool of masks: patches drawn as data, and what they do to an image."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.imaging.masks.lattice import find_layout_steps
from SSLSegmentationLib.imaging.masks.patches import Painted, paint_steps
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
from SSLSegmentationLib.imaging.masks.symmetry import Symmetry, symmetries_of

IntArray = npt.NDArray[np.int64]
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
    drawn = [finish(draw(np.random.default_rng((seed, number)))) for number in range(count)]
    painted = [finish(paint_steps(corners, shape=sizes, patch_size=patch_size, pairs=pairs)) for corners in drawn]
    return _pool(drawn, painted, shape=sizes, patch_size=patch_size, symmetries=symmetries_of(sizes))


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
    painted = yield from paint_steps(corners, shape=sizes, patch_size=patch_size, pairs=pairs)
    return _pool([corners], [painted], shape=sizes, patch_size=patch_size, symmetries=symmetries_of(sizes)[:1])


def _pool(
    drawn: Sequence[IntArray],
    painted: Sequence[Painted],
    *,
    shape: Tuple[int, ...],
    patch_size: int,
    symmetries: Tuple[Symmetry, ...],
) -> MaskPool:
    rounds = tuple(mask.rounds for mask in painted if mask.rounds is not None)
    return MaskPool(
        shape=shape,
        patch_size=patch_size,
        corners=tuple(corners.astype(np.int32) for corners in drawn),
        rounds=rounds or None,
        corrupted=np.array([mask.corrupted for mask in painted]),
        displaced=np.array([mask.displaced for mask in painted]),
        symmetries=symmetries,
    )


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
