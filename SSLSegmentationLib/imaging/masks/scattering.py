"""Random sequential placement: each patch uniform over all positions that the earlier ones leave, never around a seed point."""

from __future__ import annotations

import itertools
from typing import Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

# Darts that may miss in a row before the free positions are listed; both ways are uniform over the free positions.
MISSES = 24


def scatter(
    rule: SpacingRule, number: int, rng: np.random.Generator, stencil: Optional[npt.NDArray[np.bool_]] = None
) -> Optional[npt.NDArray[np.int64]]:
    """Corners (number, axes) of patches that keep the rule, or None where no room is left for the next one."""
    return finish(scatter_steps(rule, number, rng, stencil))


def scatter_steps(
    rule: SpacingRule, number: int, rng: np.random.Generator, stencil: Optional[npt.NDArray[np.bool_]] = None
) -> Steps[Optional[npt.NDArray[np.int64]]]:
    """As `scatter`, a patch a step."""
    allowed = ~(rule.stencil() if stencil is None else stencil)
    box, reach = rule.box, rule.reach
    free = np.ones(box, dtype=np.bool_)
    flat = free.reshape(-1)
    darts = _darts(rng, flat.size)
    corners: List[Tuple[int, ...]] = []
    while len(corners) < number:
        position = _free_position(flat, darts, rng)
        if position is None:
            return None
        corner = _unravel(position, box)
        corners.append(corner)
        around = tuple(slice(max(value - reach, 0), value + reach + 1) for value in corner)
        inside = tuple(slice(max(reach - value, 0), count - value + reach) for value, count in zip(corner, box))
        free[around] &= allowed[inside]
        yield
    return np.array(corners, dtype=np.int64)


def _darts(rng: np.random.Generator, size: int) -> Iterator[int]:
    """Endless uniform positions, drawn many at a time."""
    while True:
        yield from rng.integers(size, size=256).tolist()


def _free_position(flat: npt.NDArray[np.bool_], darts: Iterator[int], rng: np.random.Generator) -> Optional[int]:
    """A free position, uniform over all free ones; None without one."""
    for dart in itertools.islice(darts, MISSES):
        if flat[dart]:
            return dart
    left = np.flatnonzero(flat)
    return int(left[rng.integers(left.size)]) if left.size else None


def _unravel(position: int, box: Tuple[int, ...]) -> Tuple[int, ...]:
    corner: List[int] = []
    for count in reversed(box):
        position, value = divmod(position, count)
        corner.append(value)
    return tuple(reversed(corner))
