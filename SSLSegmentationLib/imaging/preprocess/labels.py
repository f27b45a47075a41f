"""Label maps on the prepared grid: 0 for background, 1 + position in the tissue table for tissues."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess.grid import PreparedGrid
from SSLSegmentationLib.imaging.preprocess.resampling import resample_nearest, slabs
from SSLSegmentationLib.imaging.scan import LabelMap

# A prepared label map is uint8 and 0 is the background.
MOST_TISSUES = 255


def prepare_labels(label_map: LabelMap, grid: PreparedGrid, tissues: TissueTable) -> npt.NDArray[np.uint8]:
    """`label_map` on the prepared grid, uint8 (S, H, W); nearest neighbour where the grid is resampled.

    Raises `data.grid_mismatch` where the label map lies on another grid than the scan, `data.unknown_label` for a value
    that `tissues` lacks, and `data.unsupported` for more than 255 tissues.
    """
    name = str(label_map.path or "The label map")
    if len(tissues) > MOST_TISSUES:
        raise SSLSegmentationError(
            "data.unsupported", f"The tissue table has {len(tissues)} tissues; at most {MOST_TISSUES} are supported."
        )
    if not grid.geometry.same_grid(label_map.geometry):
        raise SSLSegmentationError("data.grid_mismatch", f"{name} lies on another grid than its scan.")
    table = np.array((0, *tissues.values), dtype=np.int64)
    turned = grid.turn.there(label_map.array)
    codes = np.empty(grid.turned_shape, dtype=np.uint8)
    unknown: List[int] = []
    for start, stop in slabs(grid.turned_shape):
        values = turned[start:stop].astype(np.int64)
        position = np.minimum(np.searchsorted(table, values), len(table) - 1)
        wrong = table[position] != values
        if wrong.any():
            unknown += np.unique(values[wrong]).tolist()
        codes[start:stop] = position
    if unknown:
        raise SSLSegmentationError("data.unknown_label", f"{name} holds {_listed(unknown)}, which the tissue table lacks.")
    prepared: npt.NDArray[Any] = np.ascontiguousarray(resample_nearest(codes, grid.shape))
    return prepared


def _listed(values: List[int]) -> str:
    distinct = sorted(set(values))
    return ", ".join(str(value) for value in distinct[:10]) + (" …" if len(distinct) > 10 else "")
