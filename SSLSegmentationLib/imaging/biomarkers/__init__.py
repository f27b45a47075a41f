"""Biomarkers of the tissues of a scan. A kind is one file and one line of `BIOMARKERS`, in the order of the columns."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.measures import Measure, MeasureRow
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.biomarkers import measuring
from SSLSegmentationLib.imaging.biomarkers.area import AREA
from SSLSegmentationLib.imaging.biomarkers.intensity import INTENSITY
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker
from SSLSegmentationLib.imaging.biomarkers.slices import SliceAreas, measure_slices
from SSLSegmentationLib.imaging.biomarkers.volume import VOLUME
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

__all__ = ["BIOMARKERS", "SliceAreas", "biomarker_columns", "measure", "measure_slices"]

BIOMARKERS: Dict[str, Biomarker] = {
    "volume": VOLUME,
    "intensity": INTENSITY,
    "area": AREA,
}


def biomarker_columns(*, maps: Tuple[str, ...] = ()) -> Tuple[Measure, ...]:
    """The columns of the table, in order, with those of the extra maps at the end."""
    return measuring.columns(BIOMARKERS, maps=maps)


def measure(
    scan: Scan,
    label_map: LabelMap,
    *,
    tissues: Optional[TissueTable] = None,
    maps: Optional[Mapping[str, Scan]] = None,
    scan_name: str = "",
    on_progress: Optional[measuring.Progress] = None,
    cancelled: Optional[measuring.Cancelled] = None,
) -> List[MeasureRow]:
    """One row per tissue of `tissues` (default: the label map's own), in the order of the labels.

    Statistics are computed in float64 and not rounded: population standard deviation, percentiles linear between
    voxels. A tissue that is not there has the state `absent` and no values. `maps` are further volumes on the same grid;
    their NaN and infinite voxels are skipped and counted. `on_progress` gets the finished share; `cancelled` is asked
    before each tissue.

    Raises `data.grid_mismatch` where grids differ, `data.not_finite` where the image holds NaN or infinity,
    `data.unknown_label` where a given table is violated, `job.cancelled`.
    """
    return measuring.measure_tissues(
        scan,
        label_map,
        biomarkers=BIOMARKERS,
        tissues=tissues,
        maps={} if maps is None else maps,
        scan_name=scan_name,
        on_progress=on_progress,
        cancelled=cancelled,
    )
