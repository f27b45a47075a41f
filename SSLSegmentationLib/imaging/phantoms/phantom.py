"""What a phantom is: synthetic scans, their label map, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

FloatSlice = npt.NDArray[np.float32]
LabelSlice = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Phantom:
    """Synthetic scans on one grid.

    `scans` by name (the first is the image to segment), `label_map` and its `tissues`, and `truth`: plain numbers and
    lists ready for JSON. `truth["tissues"][name]` holds voxels, volume_ml, csa_mm2 (one per slice), and the means of the
    noise-free and of the noisy image.
    """

    scans: Mapping[str, Scan]
    label_map: LabelMap
    tissues: TissueTable
    truth: Mapping[str, Any]


class TissueTruth:
    """Adds up, slice by slice, what is true of every tissue. Counts are exact, sums are in float64."""

    def __init__(self, *, tissues: TissueTable, geometry: Geometry) -> None:
        self._tissues = tissues
        self._geometry = geometry
        self._size = max(tissues.values) + 1
        self._counts: List[npt.NDArray[np.int64]] = []
        self._clean = np.zeros(self._size)
        self._noisy = np.zeros(self._size)

    def add_slice(self, *, labels: LabelSlice, clean: npt.NDArray[Any], noisy: npt.NDArray[Any]) -> None:
        """One slice (rows, columns): its labels, its image before noise, and its image as stored."""
        flat = labels.ravel()
        self._counts.append(np.bincount(flat, minlength=self._size))
        self._clean += np.bincount(flat, weights=clean.ravel(), minlength=self._size)
        self._noisy += np.bincount(flat, weights=noisy.ravel(), minlength=self._size)

    def as_dict(self, *, extra: Mapping[str, Mapping[str, float]]) -> Dict[str, Dict[str, Any]]:
        """Per tissue name; `extra` adds facts that only the maker of the phantom knows (an analytic volume, a T2)."""
        counts = np.stack(self._counts)
        columns, rows, _ = self._geometry.spacing
        truth: Dict[str, Dict[str, Any]] = {}
        for tissue in self._tissues:
            voxels = int(counts[:, tissue.value].sum())
            truth[tissue.name] = {
                "voxels": voxels,
                "volume_ml": voxels * self._geometry.voxel_volume_mm3 / 1000,
                "csa_mm2": [int(count) * columns * rows for count in counts[:, tissue.value]],
                "mean_noise_free": float(self._clean[tissue.value] / voxels) if voxels else None,
                "mean_noisy": float(self._noisy[tissue.value] / voxels) if voxels else None,
                **extra.get(tissue.name, {}),
            }
        return truth


def centred_geometry(*, shape: Sequence[int], spacing: Sequence[float], direction: Sequence[float]) -> Geometry:
    """A grid whose middle is the world's origin. `shape` (slices, rows, columns); `spacing` in mm (columns, rows, slices)."""
    slices, rows, columns = (int(value) for value in shape)
    steps = np.array([float(value) for value in spacing])
    half = (np.array([columns, rows, slices]) - 1) / 2 * steps
    origin = -(np.array(direction, dtype=float).reshape(3, 3) @ half)
    return Geometry(
        shape=(slices, rows, columns),
        spacing=(float(steps[0]), float(steps[1]), float(steps[2])),
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(value) for value in direction),
    )
