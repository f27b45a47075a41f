"""Which patch sizes can reach a corrupted area: known before training, never a silent shortfall."""

from __future__ import annotations

import math
from typing import Iterable, Sequence

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.masks.lattice import find_layout_steps
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

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
    return finish(reaches_steps(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs))


def reaches_steps(*, shape: Sequence[int], patch_size: int, area: float, sampling: str, pairs: bool) -> Steps[bool]:
    """As `reaches`, in small steps."""
    if patch_size > min(shape):
        return False
    if sampling == "random":
        return not pairs or 2 * patch_size <= max(shape)
    number = patches_needed(shape=shape, patch_size=patch_size, area=area, pairs=pairs)
    layout = yield from find_layout_steps(SpacingRule(tuple(shape), patch_size), number)
    return layout is not None


def largest_patch_size(*, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> int:
    """The largest patch side that reaches `area`, in pixels; 0 where none does."""
    return finish(_first(range(min(shape), 0, -1), shape=shape, area=area, sampling=sampling, pairs=pairs))


def auto_patch_size(*, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> int:
    """The largest of 32, 16, 8, 4 that reaches `area`; `config.infeasible` where none does."""
    return finish(auto_patch_size_steps(shape=shape, area=area, sampling=sampling, pairs=pairs))


def auto_patch_size_steps(*, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> Steps[int]:
    """As `auto_patch_size`, in small steps."""
    size = yield from _first(AUTO_SIZES, shape=shape, area=area, sampling=sampling, pairs=pairs)
    if not size:
        raise (yield from infeasible_steps(shape=shape, patch_size=AUTO_SIZES[-1], area=area, sampling=sampling, pairs=pairs))
    return size


def _first(sizes: Iterable[int], *, shape: Sequence[int], area: float, sampling: str, pairs: bool) -> Steps[int]:
    """The first of `sizes` that reaches `area`; 0 where none does."""
    for size in sizes:
        if (yield from reaches_steps(shape=shape, patch_size=size, area=area, sampling=sampling, pairs=pairs)):
            return size
        yield
    return 0


def infeasible(*, shape: Sequence[int], patch_size: int, area: float, sampling: str, pairs: bool) -> SSLSegmentationError:
    """The error for patches that can't reach `area`; names the largest size that fits."""
    return finish(infeasible_steps(shape=shape, patch_size=patch_size, area=area, sampling=sampling, pairs=pairs))


def infeasible_steps(
    *, shape: Sequence[int], patch_size: int, area: float, sampling: str, pairs: bool
) -> Steps[SSLSegmentationError]:
    """As `infeasible`, in small steps."""
    largest = yield from _first(range(min(shape), 0, -1), shape=shape, area=area, sampling=sampling, pairs=pairs)
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
