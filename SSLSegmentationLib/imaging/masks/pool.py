"""A pool of masks made once, and what is drawn from it: which mask for which image, turned how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class PoolDraw:
    """For each of n images the number of its mask and of its symmetry, int64 (n,) each."""

    mask_number: npt.NDArray[np.int64]
    symmetry: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MaskPool:
    """Masks over images of `shape` with `area` pixels each, all index maps over flattened pixels.

    - `mask` bool (count, area): the corrupted pixels.
    - `index` int32 (count, area), or None where nothing is swapped: the corrupted image is x.flat[index[m]].
    - `displaced` (count,): share of pixels whose value is not their own any more (swapped from elsewhere, or set to 0).
    - `symmetries`, `inverse_symmetries` int32 (n, area): y.flat[p] = x.flat[symmetries[s][p]] is the image turned by s.
    """

    shape: Tuple[int, ...]
    patch_size: int
    mask: npt.NDArray[np.bool_]
    index: Optional[npt.NDArray[np.int32]]
    displaced: npt.NDArray[np.float64]
    symmetries: npt.NDArray[np.int32]
    inverse_symmetries: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.mask)

    def draw(self, rng: np.random.Generator, n: int) -> PoolDraw:
        """A mask and a symmetry for each of `n` images, uniform."""
        return PoolDraw(rng.integers(len(self.mask), size=n), rng.integers(len(self.symmetries), size=n))

    def masks(self, draw: PoolDraw) -> npt.NDArray[np.bool_]:
        """The drawn masks, turned: bool (n, area)."""
        return self.mask[draw.mask_number[:, None], self.symmetries[draw.symmetry]]

    def index_maps(self, draw: PoolDraw) -> npt.NDArray[np.int32]:
        """The drawn swaps, turned: int32 (n, area); equals turning back, swapping, and turning again."""
        if self.index is None:
            raise ValueError("this pool was made without pairs: nothing is swapped")
        swapped = self.index[draw.mask_number[:, None], self.symmetries[draw.symmetry]]
        return np.take_along_axis(self.inverse_symmetries[draw.symmetry], swapped, axis=1)
