"""Dense regular layouts for images on which random placement runs out of room, and their jitter."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.scattering import scatter_steps
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

# Random placements that are tried before a lattice is used, and patches that they place in all: where thousands of patches
# find no room, the next placement fails as the last one did.
RESTARTS = 100
MOST_PLACED = 50_000
# Times that every patch of a lattice is offered a random move.
SWEEPS = 12

IntArray = npt.NDArray[np.int64]


def find_layout(rule: SpacingRule, number: int) -> Optional[IntArray]:
    """Corners (≥ number, axes) of one layout that keeps the rule, or None where none is found. Always the same one."""
    return finish(find_layout_steps(rule, number))


def find_layout_steps(rule: SpacingRule, number: int) -> Steps[Optional[IntArray]]:
    """As `find_layout`, a patch a step."""
    if min(rule.box) < 1:
        return None
    if len(rule.shape) == 3:
        axes = [np.arange(size // rule.patch_size) * rule.patch_size for size in rule.shape]
        cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int64)
        return cells if len(cells) >= number else None
    if number > _upper_bound(rule):
        return None
    rows = _best_rows(rule, transposed=False)
    yield
    best = max(rows, _best_rows(rule, transposed=True), key=len)
    yield
    if len(best) >= number:
        return best
    rng = np.random.default_rng(0)
    stencil = rule.stencil()
    for _ in range(restarts(number)):
        corners = yield from scatter_steps(rule, number, rng, stencil)
        if corners is not None:
            return corners
    return None


def restarts(number: int) -> int:
    """Random placements of `number` patches that are tried before a lattice is used."""
    return max(1, min(RESTARTS, MOST_PLACED // number))


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
    stencil, reach = rule.stencil(), rule.reach
    # Where a patch begins, with a margin as wide as the rule reaches.
    taken = np.zeros([count + 2 * reach for count in rule.box], dtype=np.bool_)
    taken[tuple(corners.T + reach)] = True
    top = np.array(rule.box) - 1
    for sweep in range(SWEEPS):
        # Wide moves first spread the lattice over the image, narrow ones then loosen what is tight.
        farthest = max(1, rule.patch_size >> (sweep % 4))
        wanted = corners + rng.integers(-farthest, farthest + 1, size=corners.shape)
        inside = ((wanted >= 0) & (wanted <= top)).all(axis=1)
        for patch in np.flatnonzero(inside).tolist():
            before, after = tuple((corners[patch] + reach).tolist()), tuple((wanted[patch] + reach).tolist())
            taken[before] = False
            around = taken[tuple(slice(value - reach, value + reach + 1) for value in after)]
            if not (around & stencil).any():
                corners[patch], before = wanted[patch], after
            taken[before] = True
            yield
    return corners


def _upper_bound(rule: SpacingRule) -> int:
    """No more patches than this can keep the 2D rule: discs of diameter K·√2 in the box grown by their radius (Groemer)."""
    diameter = rule.patch_size * math.sqrt(2.0)
    height, width = ((count - 1) / diameter for count in rule.box)
    return int(2 / math.sqrt(3.0) * height * width + height + width + 1 + 1e-9)


def _best_rows(rule: SpacingRule, *, transposed: bool) -> IntArray:
    """The largest layout of straight or staggered rows; columns instead of rows where transposed."""
    height, width = (count - 1 for count in (rule.box[::-1] if transposed else rule.box))
    least = 2 * rule.patch_size**2
    most, best = 0, (0, 0, 0, 0)
    for rows in range(1, height + 2):
        step = height // (rows - 1) if rows > 1 else height + rule.patch_size * 2
        if (2 * step) ** 2 < least:
            break
        shift = 0 if step * step >= least else _root_up(least - step * step)
        across = max(_root_up(least), 2 * shift)
        patches = (rows + 1) // 2 * (width // across + 1) + rows // 2 * ((width - shift) // across + 1)
        if patches > most:
            most, best = patches, (rows, step, shift, across)
    rows, step, shift, across = best
    layout = [(row * step, column) for row in range(rows) for column in range(row % 2 * shift, width + 1, across)]
    corners = np.array(layout, dtype=np.int64).reshape(-1, 2)
    return corners[:, ::-1].copy() if transposed else corners


def _root_up(value: int) -> int:
    """The smallest whole number whose square is at least `value`."""
    root = math.isqrt(value)
    return root if root * root == value else root + 1
