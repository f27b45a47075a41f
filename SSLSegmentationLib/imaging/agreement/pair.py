"""One tissue in a prediction and in a reference, cut out together, as every measure of agreement needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.measures import Measure
from SSLSegmentationLib.imaging.biomarkers.region import Box, Mask
from SSLSegmentationLib.imaging.geometry import Geometry


@dataclass(frozen=True)
class TissuePair:
    """Both masks in the smallest box that holds both; at least one of them has a voxel. `image` is the same box of the scan."""

    prediction: Mask
    reference: Mask
    geometry: Geometry
    slice_axis: int
    image: Optional[npt.NDArray[Any]] = None

    @property
    def counts(self) -> Tuple[int, int]:
        """Voxels of the prediction and of the reference."""
        return int(np.count_nonzero(self.prediction)), int(np.count_nonzero(self.reference))


@dataclass(frozen=True)
class Agreement:
    """One kind of comparison: its columns, and the function from a pair to their values (None where one can't be had)."""

    measures: Tuple[Measure, ...]
    compute: Callable[[TissuePair], Dict[str, Optional[float]]]


def joint_box(first: Optional[Box], second: Optional[Box]) -> Optional[Box]:
    """The smallest box that holds both; None where there is neither."""
    if first is None or second is None:
        return first or second
    low, middle, last = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second))
    return low, middle, last
