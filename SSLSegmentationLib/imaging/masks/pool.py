"""A pool of masks made once, and what is drawn from it: which mask for which image, turned how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.patches import patch_slices
from SSLSegmentationLib.imaging.masks.symmetry import Symmetry


@dataclass(frozen=True, eq=False)
class PoolDraw:
    """For each of n images the number of its mask and of its symmetry, int64 (n,) each."""

    mask_number: npt.NDArray[np.int64]
    symmetry: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MaskPool:
    """Masks over images of `shape`, kept as the patches that they consist of: a hundred whole masks of a volume are gigabytes.

    - `corners`: for each mask the first voxels of its patches, int32 (patches, axes), in the order in which they are added.
    - `rounds`: for each mask the round of each pair (`Painted.rounds`), int32 (pairs,); None where nothing is swapped.
      Pairs are consecutive patches, swapped one pair after the other.
    - `corrupted`, `displaced` (count,): share of the voxels in a patch, and of those whose value is not their own any more.
    - `symmetries`: the turns of the image that keep its shape; a mask is drawn in any of them.
    """

    shape: Tuple[int, ...]
    patch_size: int
    corners: Tuple[npt.NDArray[np.int32], ...]
    rounds: Optional[Tuple[npt.NDArray[np.int32], ...]]
    corrupted: npt.NDArray[np.float64]
    displaced: npt.NDArray[np.float64]
    symmetries: Tuple[Symmetry, ...]

    def __len__(self) -> int:
        return len(self.corners)

    def draw(self, rng: np.random.Generator, n: int) -> PoolDraw:
        """A mask and a symmetry for each of `n` images, uniform."""
        return PoolDraw(rng.integers(len(self), size=n), rng.integers(len(self.symmetries), size=n))

    def patches(self, draw: PoolDraw) -> List[npt.NDArray[np.int32]]:
        """The corners of each drawn mask, turned. Swapping them equals turning back, swapping, and turning again."""
        return [
            self.symmetries[symmetry].turn_corners(self.corners[number], shape=self.shape, patch_size=self.patch_size)
            for number, symmetry in zip(draw.mask_number.tolist(), draw.symmetry.tolist())
        ]

    def masks(self, draw: PoolDraw) -> npt.NDArray[np.bool_]:
        """The voxels of the drawn masks: bool (n, *shape)."""
        masks = np.zeros((len(draw.mask_number), *self.shape), dtype=np.bool_)
        for mask, corners in zip(masks, self.patches(draw)):
            for corner in corners:
                mask[patch_slices(corner, self.patch_size)] = True
        return masks
