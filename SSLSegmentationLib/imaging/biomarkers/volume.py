"""Volume of a tissue: its voxels, counted."""

from __future__ import annotations

from typing import Dict, Optional

from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker, Region


def _compute(region: Region) -> Dict[str, Optional[float]]:
    return {"voxels": region.voxels, "volume_ml": region.voxels * region.geometry.voxel_volume_mm3 / 1000}


VOLUME = Biomarker((BIOMARKER_MEASURES["voxels"], BIOMARKER_MEASURES["volume_ml"]), _compute)
