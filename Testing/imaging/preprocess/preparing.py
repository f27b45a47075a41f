"""Whole prepared images for tests; the product makes and writes them slab by slab."""

from __future__ import annotations

from typing import Any, Sequence

import numpy.typing as npt

from SSLSegmentationLib.imaging.preprocess import PreparedSource, PreprocessPlan, open_prepared
from SSLSegmentationLib.imaging.scan import Scan


def whole_image(source: PreparedSource) -> npt.NDArray[Any]:
    """All slices of a prepared image, float32 (C, S, H, W)."""
    return source.read(0, source.grid.shape[0])


def prepared_image(scans: Sequence[Scan], plan: PreprocessPlan) -> npt.NDArray[Any]:
    """The prepared image of one case."""
    return whole_image(open_prepared(scans, plan))
