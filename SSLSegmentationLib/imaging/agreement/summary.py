"""Agreement over all scans: one line per tissue. A missed tissue counts as Dice 0; nothing is dropped but what neither has."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any, Dict, List, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.measures import ABSENT, MeasureRow


@dataclass(frozen=True)
class TissueSummary:
    """`scans` that the Dice is the mean of (those where prediction or reference has the tissue), `missed` among them.

    The medians are over the scans where both have the tissue; a median error is that of its absolute value.
    """

    tissue: str
    label: int
    scans: int
    missed: int
    dice_mean: Optional[float]
    hausdorff95_mm_median: Optional[float]
    assd_mm_median: Optional[float]
    volume_error_percent_median: Optional[float]

    def as_dict(self) -> Dict[str, Any]:
        return asdict(self)


def _known(rows: Sequence[MeasureRow], name: str) -> List[float]:
    values = (row.values.get(name) for row in rows)
    return [value for value in values if value is not None]


def _median(values: Sequence[float]) -> Optional[float]:
    return float(median(values)) if values else None


def summarise(rows: Sequence[MeasureRow]) -> List[TissueSummary]:
    """One summary per tissue, in the order in which the tissues first occur."""
    groups: Dict[Tuple[int, str], List[MeasureRow]] = {}
    for row in rows:
        groups.setdefault((row.label, row.tissue), []).append(row)
    summaries = []
    for (label, tissue), group in groups.items():
        dice = _known(group, "dice")
        found = [row for row in group if ABSENT not in row.states]
        errors = [abs(value) for value in _known(found, "volume_error_percent")]
        summaries.append(
            TissueSummary(
                tissue=tissue,
                label=label,
                scans=len(dice),
                missed=len(group) - len(found),
                dice_mean=fmean(dice) if dice else None,
                hausdorff95_mm_median=_median(_known(group, "hausdorff95_mm")),
                assd_mm_median=_median(_known(group, "assd_mm")),
                volume_error_percent_median=_median(errors),
            )
        )
    return summaries


def mean_dice(summaries: Sequence[TissueSummary]) -> Optional[float]:
    """Mean of the tissues' mean Dice; None where no tissue has one."""
    known = [summary.dice_mean for summary in summaries if summary.dice_mean is not None]
    return fmean(known) if known else None
