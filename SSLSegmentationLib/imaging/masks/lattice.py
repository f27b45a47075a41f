"""Dense regular layouts for images on which random placement runs out of room, and their jitter."""

from __future__ import annotations

import math
from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.scattering import scatter_steps
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

# Random placements that are tried before a lattice is used.
RESTARTS = 100
# Times that every patch of a lattice is offered a random move.
SWEEPS = 12

IntArray = npt.NDArray[np.int64]


def find_layout(rule: SpacingRule, number: int) -> Optional[IntArray]:
    """Corners (≥ number, axes) of one layout that keeps the rule, or None where none is found. Always the same one."""
    return finish(find_layout_steps(rule, number))


def find_layout_steps(rule: SpacingRule, number: int) -> Steps[Optional[IntArray]]:
    """As `find_layout`, a row or a patch a step."""
    if min(rule.box) < 1:
        return None
    if len(rule.shape) == 3:
        axes = [np.arange(size // rule.patch_size) * rule.patch_size for size in rule.shape]
        cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
        return cells if len(cells) >= number else None
    if number > _upper_bound(rule):
        return None
    rows = yield from _best_rows(rule, transposed=False)
    columns = yield from _best_rows(rule, transposed=True)
    best = max(rows, columns, key=len)
    if len(best) >= number:
        return best
    rng = np.random.default_rng(0)
    stencil = rule.stencil()
    for _ in range(RESTARTS):
        corners = yield from scatter_steps(rule, number, rng, stencil)
        if corners is not None:
            return corners
    return None


def jitter(rule: SpacingRule, layout: IntArray, number: int, rng: np.random.Generator) -> IntArray:
    """A random variant of `layout`: mirrored at random, `number` of its patches, each moved at random within the rule."""
    return finish(jitter_steps(rule, layout, number, rng))


def jitter_steps(rule: SpacingRule, layout: IntArray, number: int, rng: np.random.Generator) -> Steps[IntArray]:
    """As `jitter`, a patch a step."""
    corners: IntArray = layout.copy()
    for axis, count in enumerate(rule.box):
        if rng.random() < 0.5:
            corners[:, axis] = count - 1 - corners[:, axis]
    if len(set(rule.shape)) == 1:
        corners = corners[:, rng.permutation(corners.shape[1])]
    corners = corners[rng.permutation(len(corners))[:number]]
    top = np.array(rule.box) - 1
    for sweep in range(SWEEPS):
        # Wide moves first spread the lattice over the image, narrow ones then loosen what is tight.
        reach = max(1, rule.patch_size >> (sweep % 4))
        moves = rng.integers(-reach, reach + 1, size=corners.shape)
        for patch, move in enumerate(moves):
            moved = corners[patch] + move
            if (moved < 0).any() or (moved > top).any():
                continue
            close = rule.too_close(corners - moved)
            close[patch] = False
            if not close.any():
                corners[patch] = moved
            yield
    return corners


def _upper_bound(rule: SpacingRule) -> int:
    """No more patches than this can keep the 2D rule: discs of diameter K·√2 in the box grown by their radius (Groemer)."""
    diameter = rule.patch_size * math.sqrt(2.0)
    height, width = ((count - 1) / diameter for count in rule.box)
    return int(2 / math.sqrt(3.0) * height * width + height + width + 1 + 1e-9)


def _best_rows(rule: SpacingRule, *, transposed: bool) -> Steps[IntArray]:
    """The largest layout of straight or staggered rows; columns instead of rows where transposed."""
    height, width = (count - 1 for count in (rule.box[::-1] if transposed else rule.box))
    least = 2 * rule.patch_size**2
    best: List[Tuple[int, int]] = []
    for rows in range(1, height + 2):
        step = height // (rows - 1) if rows > 1 else height + rule.patch_size * 2
        if (2 * step) ** 2 < least:
            break
        shift = 0 if step * step >= least else _root_up(least - step * step)
        across = max(_root_up(least), 2 * shift)
        layout = [(row * step, column) for row in range(rows) for column in range(row % 2 * shift, width + 1, across)]
        best = max(best, layout, key=len)
        yield
    corners = np.array(best, dtype=np.int64).reshape(-1, 2)
    return corners[:, ::-1].copy() if transposed else corners


def _root_up(value: int) -> int:
    """The smallest whole number whose square is at least `value`."""
    root = math.isqrt(value)
    return root if root * root == value else root + 1
