"""How far the biomarkers of a prediction are from those of the reference: 100·(predicted − true) / |true|, with its sign."""

from __future__ import annotations

from typing import Dict, Optional

import numpy as np

from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES
from SSLSegmentationLib.imaging.agreement.pair import Agreement, TissuePair
from SSLSegmentationLib.imaging.biomarkers.intensity import spread
from SSLSegmentationLib.imaging.biomarkers.region import Mask


def percent_error(predicted: Optional[float], true: Optional[float]) -> Optional[float]:
    """None where one of the two is not known or the true value is 0."""
    if predicted is None or true is None or true == 0:
        return None
    return 100 * (predicted - true) / abs(true)


def _largest_area(mask: Mask, *, slice_axis: int) -> int:
    others = tuple(axis for axis in range(3) if axis != slice_axis)
    return int(np.count_nonzero(mask, axis=others).max())


def _mean(pair: TissuePair, mask: Mask) -> Optional[float]:
    if pair.image is None or not mask.any():
        return None
    return spread(pair.image[mask]).mean


def _compute(pair: TissuePair) -> Dict[str, Optional[float]]:
    predicted, true = pair.counts
    areas = [_largest_area(mask, slice_axis=pair.slice_axis) for mask in (pair.prediction, pair.reference)]
    predicted_mean, true_mean = _mean(pair, pair.prediction), _mean(pair, pair.reference)
    voxel_ml = pair.geometry.voxel_volume_mm3 / 1000
    return {
        "volume_error_percent": percent_error(predicted, true),
        "csa_max_error_percent": percent_error(areas[0], areas[1]),
        "mean_error_percent": percent_error(predicted_mean, true_mean),
        "mean_error": None if predicted_mean is None or true_mean is None else predicted_mean - true_mean,
        "prediction_ml": predicted * voxel_ml if predicted else None,
        "reference_ml": true * voxel_ml if true else None,
    }


_NAMES = ("volume_error_percent", "csa_max_error_percent", "mean_error_percent", "mean_error", "prediction_ml", "reference_ml")
BIOMARKER_ERRORS = Agreement(tuple(AGREEMENT_MEASURES[name] for name in _NAMES), _compute)
