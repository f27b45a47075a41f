"""Dice: 2·|P ∩ R| / (|P| + |R|) over voxels. It is 0 where one of the two lacks the tissue: a miss is never dropped."""

from __future__ import annotations

from typing import Dict, Optional

import numpy as np

from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES
from SSLSegmentationLib.imaging.agreement.pair import Agreement, TissuePair
from SSLSegmentationLib.imaging.biomarkers.region import Mask


def dice(prediction: Mask, reference: Mask) -> Optional[float]:
    """Dice of two masks of one shape; None where both are empty, since there is nothing to agree on."""
    total = int(np.count_nonzero(prediction)) + int(np.count_nonzero(reference))
    return 2 * int(np.count_nonzero(prediction & reference)) / total if total else None


def _compute(pair: TissuePair) -> Dict[str, Optional[float]]:
    return {"dice": dice(pair.prediction, pair.reference)}


DICE = Agreement((AGREEMENT_MEASURES["dice"],), _compute)
