"""How far apart the corners of two equal patches must be so that the patches can never overlap.

2D: centres at least K·√2 apart. 3D: at least K in the largest coordinate difference, which is exactly "no overlap"
(K·√3 would cover only about 0.14 of a volume).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SpacingRule:
    """The rule for patches of side `patch_size` in images of `shape` (2 or 3 axes)."""

    shape: Tuple[int, ...]
    patch_size: int

    @property
    def box(self) -> Tuple[int, ...]:
        """Number of allowed corner positions along each axis: the patch lies wholly inside."""
        return tuple(size - self.patch_size + 1 for size in self.shape)

    def too_close(self, differences: IntArray) -> npt.NDArray[np.bool_]:
        """Whether corners that differ by (…, axes) are too close."""
        if len(self.shape) == 2:
            close: npt.NDArray[np.bool_] = (differences**2).sum(axis=-1) < 2 * self.patch_size**2
        else:
            close = np.abs(differences).max(axis=-1) < self.patch_size
        return close

    def stencil(self) -> npt.NDArray[np.bool_]:
        """Offsets around a corner that it forbids to others; True is forbidden; odd sides, the corner at the centre."""
        reach = self.reach
        grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * len(self.shape), indexing="ij"), axis=-1)
        return self.too_close(grid)

    @property
    def reach(self) -> int:
        """Largest coordinate difference that can still be too close."""
        if len(self.shape) == 2:
            return int(np.ceil(self.patch_size * np.sqrt(2.0))) - 1
        return self.patch_size - 1
