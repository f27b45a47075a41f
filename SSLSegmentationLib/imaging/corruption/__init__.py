"""The inpainting corruptions in numpy, by name: what the networks learn to undo, also where there is no torch."""

from __future__ import annotations

from typing import Any, Callable, Dict

import numpy.typing as npt

from SSLSegmentationLib.imaging.corruption import context_prediction, context_restoration
from SSLSegmentationLib.imaging.masks import MaskPool, PoolDraw

Corrupt = Callable[[npt.NDArray[Any], MaskPool, PoolDraw], npt.NDArray[Any]]

CORRUPTIONS: Dict[str, Corrupt] = {
    "context_prediction": context_prediction.corrupt,
    "context_restoration": context_restoration.corrupt,
}
# Tasks whose patches are swapped in pairs.
PAIRED = frozenset({"context_restoration"})

__all__ = ["CORRUPTIONS", "PAIRED", "Corrupt"]
