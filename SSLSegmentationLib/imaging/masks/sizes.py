"""Which patch sizes can reach a corrupted area: known before training, never a silent shortfall."""

from __future__ import annotations

import math
from typing import Sequence

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.masks.lattice import find_layout
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule

AUTO_SIZES = (32, 16, 8, 4)
SAMPLINGS = ("random", "poisson_disc")


def pixels_needed(shape: Sequence[int], area: float) -> int:
    """Corrupted pixels at which no more patches are added: the share `area` of the image."""
    return max(1, math.ceil(math.prod(shape) * area - 1e-9))


def patches_needed(*, shape: Sequence[int], patch_size: int, area: float, pairs: bool) -> int:
    """Patches that never overlap until `area` is reached; an even number for pairs."""
    number = -(-pixels_needed(shape, area) // patch_size ** len(shape))
    return int(number + number % 2 if pairs else number)


def reaches(*, shape: Sequence[int], patch_size: int, area: float, sampling: str, pairs: bool) -> bool:
    """Whether patches of this size can corrupt the share `area` of an image of `shape`."""
    if patch_size > min(shape):
        return False
    if sampling == "random":
        return not pairs or 2 * patch_size <= max(shape)
    number = patches_needed(shape=shape, patch_size=patch_size, area=area, pairs=pairs)
    return find_layout(SpacingRule(tuple(shape), patch_size), number) is not None


def largest_patch_size(*, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> int:
    """The largest patch side that reaches `area`, in pixels; 0 where none does."""
    sizes = range(min(shape), 0, -1)
    return next((size for size in sizes if reaches(shape=shape, patch_size=size, area=area, sampling=sampling, pairs=pairs)), 0)


def auto_patch_size(*, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> int:
    """The largest of 32, 16, 8, 4 that reaches `area`; `config.infeasible` where none does."""
    for size in AUTO_SIZES:
        if reaches(shape=shape, patch_size=size, area=area, sampling=sampling, pairs=pairs):
            return size
    raise infeasible(shape=shape, patch_size=AUTO_SIZES[-1], area=area, sampling=sampling, pairs=pairs)


def infeasible(*, shape: Sequence[int], patch_size: int, area: float, sampling: str, pairs: bool) -> SSLSegmentationError:
    """The error for patches that can't reach `area`; names the largest size that fits."""
    largest = largest_patch_size(shape=shape, area=area, sampling=sampling, pairs=pairs)
    size = "×".join(str(value) for value in shape)
    what = f"Patches of {patch_size} voxels a side ({sampling}) cannot cover {area:.0%} of a training shape of {size} voxels."
    if largest:
        return SSLSegmentationError(
            "config.infeasible",
            f"{what} The largest patch size that fits is {largest}.",
            hint=f"Set pretext.patch_size to {largest}, or a larger preprocess.training_shape.",
        )
    return SSLSegmentationError(
        "config.infeasible",
        f"{what} No patch size does.",
        hint="Lower pretext.corrupted_area, or set pretext.sampling to random.",
    )
