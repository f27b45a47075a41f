"""Random sequential placement: each patch uniform over all positions that the earlier ones leave, never around a seed point."""

from __future__ import annotations

from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule

# Darts thrown at random before the free positions are listed; both ways are uniform over the free positions.
DARTS = 24


def scatter(
    rule: SpacingRule, number: int, rng: np.random.Generator, stencil: Optional[npt.NDArray[np.bool_]] = None
) -> Optional[npt.NDArray[np.int64]]:
    """Corners (number, axes) of patches that keep the rule, or None where no room is left for the next one."""
    allowed = ~(rule.stencil() if stencil is None else stencil)
    free = np.ones(rule.box, dtype=np.bool_)
    flat = free.reshape(-1)
    corners = np.empty((number, len(rule.shape)), dtype=np.int64)
    for placed in range(number):
        position = _free_position(flat, rng)
        if position is None:
            return None
        corner = np.unravel_index(position, rule.box)
        corners[placed] = corner
        around, inside = _window(tuple(int(value) for value in corner), rule)
        free[around] &= allowed[inside]
    return corners


def _free_position(flat: npt.NDArray[np.bool_], rng: np.random.Generator) -> Optional[int]:
    """A free position, uniform over all free ones; None without one."""
    for dart in rng.integers(flat.size, size=DARTS).tolist():
        if flat[dart]:
            return int(dart)
    left = np.flatnonzero(flat)
    return int(left[rng.integers(left.size)]) if left.size else None


def _window(corner: Tuple[int, ...], rule: SpacingRule) -> Tuple[Tuple[slice, ...], Tuple[slice, ...]]:
    """The part of the position box within reach of `corner`, and the same part of the stencil."""
    reach = rule.reach
    around: List[slice] = []
    inside: List[slice] = []
    for value, count in zip(corner, rule.box):
        low, high = max(value - reach, 0), min(value + reach + 1, count)
        around.append(slice(low, high))
        inside.append(slice(low - value + reach, high - value + reach))
    return tuple(around), tuple(inside)
