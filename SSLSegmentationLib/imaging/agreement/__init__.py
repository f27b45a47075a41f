"""Agreement of a prediction with a reference. A kind is one file and one line of `AGREEMENTS`, in the order of the columns."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from SSLSegmentationLib.contract.measures import Measure, MeasureRow
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.agreement import comparing
from SSLSegmentationLib.imaging.agreement.biomarker_errors import BIOMARKER_ERRORS
from SSLSegmentationLib.imaging.agreement.dice import DICE, dice
from SSLSegmentationLib.imaging.agreement.distances import DISTANCES, assd, hausdorff95
from SSLSegmentationLib.imaging.agreement.pair import Agreement
from SSLSegmentationLib.imaging.agreement.summary import TissueSummary, mean_dice, summarise
from SSLSegmentationLib.imaging.biomarkers.measuring import Cancelled, Progress
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

__all__ = [
    "AGREEMENTS",
    "TissueSummary",
    "agreement_columns",
    "assd",
    "dice",
    "evaluate",
    "hausdorff95",
    "mean_dice",
    "summarise",
]

AGREEMENTS: Dict[str, Agreement] = {
    "dice": DICE,
    "distances": DISTANCES,
    "biomarker_errors": BIOMARKER_ERRORS,
}


def agreement_columns() -> Tuple[Measure, ...]:
    """The columns of the table, in order."""
    return comparing.columns(AGREEMENTS)


def evaluate(
    prediction: LabelMap,
    reference: LabelMap,
    *,
    scan: Optional[Scan] = None,
    tissues: Optional[TissueTable] = None,
    scan_name: str = "",
    on_progress: Optional[Progress] = None,
    cancelled: Optional[Cancelled] = None,
) -> List[MeasureRow]:
    """One row per tissue of `tissues` (default: those of the reference, then those of the prediction).

    Neither has the tissue: state `not_applicable`, no value. Only the prediction has it: `not_applicable`, Dice 0. Only
    the reference has it: `absent`, Dice 0, volume error −100 %. Distances need both. With `scan`, the errors of the mean
    intensity are given too. `on_progress` gets the finished share; `cancelled` is asked before each tissue.

    Raises `data.grid_mismatch`, `data.not_finite`, `data.unknown_label`, `job.cancelled`.
    """
    return comparing.compare_tissues(
        prediction,
        reference,
        agreements=AGREEMENTS,
        scan=scan,
        tissues=tissues,
        scan_name=scan_name,
        on_progress=on_progress,
        cancelled=cancelled,
    )
