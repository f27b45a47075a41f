"""Cross-sectional area of a tissue: voxels of a slice times the area of a voxel's face in it."""

from __future__ import annotations

from typing import Dict, Optional

import numpy as np

from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker, Region
from SSLSegmentationLib.imaging.geometry import Geometry


def pixel_area_mm2(geometry: Geometry, *, slice_axis: int) -> float:
    """Area of one voxel seen along array axis `slice_axis`."""
    return geometry.voxel_volume_mm3 / geometry.spacing[2 - slice_axis]


def _compute(region: Region) -> Dict[str, Optional[float]]:
    counts = region.slice_counts()
    area = pixel_area_mm2(region.geometry, slice_axis=region.slice_axis)
    largest = int(np.argmax(counts))
    return {
        "csa_mean_mm2": float(counts[counts > 0].mean()) * area,
        "csa_max_mm2": int(counts[largest]) * area,
        "csa_max_slice": region.box[region.slice_axis].start + largest,
    }


AREA = Biomarker(tuple(BIOMARKER_MEASURES[name] for name in ("csa_mean_mm2", "csa_max_mm2", "csa_max_slice")), _compute)
