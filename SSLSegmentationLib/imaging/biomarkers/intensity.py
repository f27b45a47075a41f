"""Intensity of a tissue: mean, standard deviation, median and percentiles of the image, in its own unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker, Region

# Values are widened to float64 this many at a time, so that a large tissue needs no second copy of itself.
CHUNK = 1 << 20


@dataclass(frozen=True)
class Spread:
    mean: float
    sd: float


def spread(values: npt.NDArray[Any]) -> Spread:
    """Mean and population standard deviation of at least one value (1D), in float64, in two passes."""
    parts = range(0, values.size, CHUNK)
    mean = float(sum(values[start : start + CHUNK].sum(dtype=np.float64) for start in parts) / values.size)
    squares = sum(np.square(values[start : start + CHUNK].astype(np.float64) - mean).sum() for start in parts)
    return Spread(mean=mean, sd=float(np.sqrt(squares / values.size)))


def percentiles(values: npt.NDArray[Any], ranks: Sequence[float]) -> Tuple[float, ...]:
    """Percentiles as numpy's `linear` method gives them in float64, of at least one value (1D) of any type.

    Only the order statistics are widened, so a large tissue is copied in its own type (and int16 can't overflow).
    """
    places = [(values.size - 1) * (rank / 100) for rank in ranks]
    below = [int(place) for place in places]
    above = [min(number + 1, values.size - 1) for number in below]
    ordered = np.partition(values, sorted(set(below + above)))
    found = []
    for place, low, high in zip(places, below, above):
        first, last, share = float(ordered[low]), float(ordered[high]), place - low
        # From the nearer end, as numpy does.
        found.append(last - (last - first) * (1 - share) if share >= 0.5 else first + (last - first) * share)
    return tuple(found)


def _compute(region: Region) -> Dict[str, Optional[float]]:
    moments = spread(region.values)
    p05, median, p95 = percentiles(region.values, (5, 50, 95))
    return {"mean": moments.mean, "sd": moments.sd, "median": median, "p05": p05, "p95": p95}


INTENSITY = Biomarker(tuple(BIOMARKER_MEASURES[name] for name in ("mean", "sd", "median", "p05", "p95")), _compute)
