"""The patches of one mask: the voxels that each covers, swapping two of them, and what all of them do to an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.steps import Steps

IntArray = npt.NDArray[np.int64]
Patch = Tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class Painted:
    """Shares of the image that lie in a patch and that hold another value than their own, and the round of each swap.

    Swaps of one round touch no voxel twice, so they can be done at once; rounds come one after another. None without swaps.
    """

    corrupted: float
    displaced: float
    rounds: Optional[npt.NDArray[np.int32]]


def patch_slices(corner: npt.NDArray[Any], patch_size: int) -> Patch:
    """The patch with its first voxel at `corner`, as an index of an image."""
    return tuple(slice(start, start + patch_size) for start in corner.tolist())


def swap(array: npt.NDArray[Any], one: Sequence[slice], other: Sequence[slice]) -> None:
    """Exchanges two patches of `array` in place; done on an index map it composes with the swaps before."""
    kept = array[tuple(one)].copy()
    array[tuple(one)] = array[tuple(other)]
    array[tuple(other)] = kept


def paint_steps(corners: IntArray, *, shape: Tuple[int, ...], patch_size: int, pairs: bool) -> Steps[Painted]:
    """What patches at `corners` do to an image of `shape`, a patch or a pair a step; with `pairs` they are swapped."""
    # One by one: all at once is a long step where there are thousands.
    patches = (patch_slices(corner, patch_size) for corner in corners)
    # The last round that touched each voxel; 0 is none.
    touched = np.zeros(shape, dtype=np.int32)
    if not pairs:
        for patch in patches:
            touched[patch] = 1
            yield
        share = np.count_nonzero(touched) / touched.size
        return Painted(share, share, None)
    own = np.arange(touched.size, dtype=np.int32).reshape(shape)
    index = own.copy()
    rounds: List[int] = []
    for one, other in zip(patches, patches):
        number = 1 + max(int(touched[one].max()), int(touched[other].max()))
        touched[one] = touched[other] = number
        swap(index, one, other)
        rounds.append(number - 1)
        yield
    return Painted(
        corrupted=np.count_nonzero(touched) / touched.size,
        displaced=np.count_nonzero(index != own) / own.size,
        rounds=np.array(rounds, dtype=np.int32),
    )
