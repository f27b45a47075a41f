"""Poisson-disc patches for one pool: random placement first, a jittered lattice where that finds no room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.masks.lattice import jitter_steps, restarts
from SSLSegmentationLib.imaging.masks.scattering import scatter_steps
from SSLSegmentationLib.imaging.masks.spacing_rule import SpacingRule
from SSLSegmentationLib.imaging.masks.steps import Steps, finish

IntArray = npt.NDArray[np.int64]


class PoissonDisc:
    """Places `number` patches that keep `rule`; `layout` is one arrangement that is known to fit them."""

    def __init__(self, *, rule: SpacingRule, number: int, layout: IntArray) -> None:
        self._rule = rule
        self._number = number
        self._layout = layout
        self._stencil = rule.stencil()
        self._tries = restarts(number)

    def draw(self, rng: np.random.Generator) -> IntArray:
        """Corners (number, axes) in random order, so that consecutive rows are pairs chosen at random."""
        return finish(self.draw_steps(rng))

    def draw_steps(self, rng: np.random.Generator) -> Steps[IntArray]:
        """As `draw`, a patch a step."""
        for _ in range(self._tries):
            corners = yield from scatter_steps(self._rule, self._number, rng, self._stencil)
            if corners is not None:
                return corners[rng.permutation(len(corners))]
        # Room was missing every time: the later masks of the pool do not try as long.
        self._tries = 1
        return (yield from jitter_steps(self._rule, self._layout, self._number, rng))
