"""Random sequential placement: each patch uniform over all positions that the earlier ones leave, never around a seed point."""

from __future__ import annotations

from typing import Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

# Darts that may miss in a row before the free positions are listed again.
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
    positions = _free_positions(free.reshape(-1), rng)
    corners: List[Tuple[int, ...]] = []
    while len(corners) < number:
        position = next(positions, None)
        if position is None:
            return None
        corner = _unravel(position, box)
        corners.append(corner)
        around = tuple(slice(max(value - reach, 0), value + reach + 1) for value in corner)
        inside = tuple(slice(max(reach - value, 0), count - value + reach) for value, count in zip(corner, box))
        free[around] &= allowed[inside]
        yield
    return np.array(corners, dtype=np.int64)


def _free_positions(free: npt.NDArray[np.bool_], rng: np.random.Generator) -> Iterator[int]:
    """Positions, each uniform over all that are `free` when it is asked for; ends where none is left.

    Darts are thrown at a list of the positions that were free some time ago; those that are taken by now are misses.
    """
    listed = np.arange(free.size)
    while listed.size:
        darts = _darts(rng, listed)
        missed = 0
        while missed < MISSES:
            dart = next(darts)
            if free[dart]:
                missed = 0
                yield dart
            else:
                missed += 1
        listed = listed[free[listed]]


def _darts(rng: np.random.Generator, listed: npt.NDArray[np.int64]) -> Iterator[int]:
    """Endless uniform choices of the listed positions, drawn many at a time."""
    while True:
        yield from listed[rng.integers(listed.size, size=256)].tolist()


def _unravel(position: int, box: Tuple[int, ...]) -> Tuple[int, ...]:
    corner: List[int] = []
    for count in reversed(box):
        position, value = divmod(position, count)
        corner.append(value)
    return tuple(reversed(corner))
