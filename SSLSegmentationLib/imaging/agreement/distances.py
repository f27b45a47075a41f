"""Distances between two surfaces in mm: Hausdorff 95 and the average symmetric surface distance.

A voxel is on the surface if one of its face neighbours lies outside the tissue or outside the volume; distances are those
between voxel centres. An axis of one voxel has no neighbours, so a single slice is compared by its outlines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES
from SSLSegmentationLib.imaging.agreement.pair import Agreement, TissuePair
from SSLSegmentationLib.imaging.biomarkers.region import Mask

Distances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SurfaceDistances:
    """From every surface voxel of one to the nearest of the other, in mm, both ways."""

    to_reference: Distances
    to_prediction: Distances

    def hausdorff(self, *, percentile: float = 100.0) -> float:
        """Larger of both directions' percentile (linear between values); 100 is the Hausdorff distance itself."""
        return max(float(np.percentile(part, percentile)) for part in (self.to_reference, self.to_prediction))

    def mean(self) -> float:
        """Mean over the surface voxels of both."""
        count = self.to_reference.size + self.to_prediction.size
        return float((self.to_reference.sum() + self.to_prediction.sum()) / count)


def _surface(mask: Mask, *, flat: Sequence[bool]) -> npt.NDArray[np.int64]:
    """Indices (n, 3) of the surface voxels; `flat` marks the axes that have no neighbours."""
    neighbours = np.zeros((3, 3, 3), dtype=bool)
    neighbours[1, 1, 1] = True
    for axis in range(3):
        if not flat[axis]:
            index = [1, 1, 1]
            for index[axis] in (0, 2):
                neighbours[tuple(index)] = True
    return np.argwhere(mask & ~ndimage.binary_erosion(mask, structure=neighbours))


def surface_distances(
    prediction: Mask, reference: Mask, *, spacing: Sequence[float], flat: Sequence[bool] = (False, False, False)
) -> Optional[SurfaceDistances]:
    """Distances between two masks (slices, rows, columns); `spacing` in mm in the same order. None if one is empty."""
    if not prediction.any() or not reference.any():
        return None
    # A tree of surface voxels needs memory for the surfaces only, where a distance map needs it for the whole box.
    step = np.asarray(spacing, dtype=float)
    ours, theirs = _surface(prediction, flat=flat) * step, _surface(reference, flat=flat) * step
    return SurfaceDistances(to_reference=cKDTree(theirs).query(ours)[0], to_prediction=cKDTree(ours).query(theirs)[0])


def hausdorff95(prediction: Mask, reference: Mask, *, spacing: Sequence[float]) -> Optional[float]:
    """Hausdorff 95 in mm; None if one mask is empty."""
    found = surface_distances(prediction, reference, spacing=spacing, flat=[length == 1 for length in prediction.shape])
    return None if found is None else found.hausdorff(percentile=95)


def assd(prediction: Mask, reference: Mask, *, spacing: Sequence[float]) -> Optional[float]:
    """Average symmetric surface distance in mm; None if one mask is empty."""
    found = surface_distances(prediction, reference, spacing=spacing, flat=[length == 1 for length in prediction.shape])
    return None if found is None else found.mean()


def _compute(pair: TissuePair) -> Dict[str, Optional[float]]:
    flat = [length == 1 for length in pair.geometry.shape]
    found = surface_distances(pair.prediction, pair.reference, spacing=pair.geometry.spacing[::-1], flat=flat)
    if found is None:
        return {"hausdorff95_mm": None, "assd_mm": None}
    return {"hausdorff95_mm": found.hausdorff(percentile=95), "assd_mm": found.mean()}


DISTANCES = Agreement((AGREEMENT_MEASURES["hausdorff95_mm"], AGREEMENT_MEASURES["assd_mm"]), _compute)
