"""Small scan files for tests, written without packages that Slicer lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import numpy as np

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan

SHAPE = (5, 6, 7)
GEOMETRY = Geometry(SHAPE, (0.8, 0.9, 2.5), (-20.0, 15.0, -30.0), (1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))


def labels(*values: int) -> np.ndarray[Any, Any]:
    """A label map with one slice of each value."""
    array = np.zeros(SHAPE, np.uint8)
    for number, value in enumerate(values):
        array[number] = value
    return array


def nifti(path: Path, array: Optional[np.ndarray[Any, Any]] = None, geometry: Geometry = GEOMETRY) -> Path:
    """A scan; without an array one with distinct voxels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    filled = np.arange(int(np.prod(SHAPE)), dtype=np.int16).reshape(SHAPE) if array is None else array
    write_scan(path, Scan(array=filled, geometry=geometry))
    return path


def segmentation(path: Path, array: np.ndarray[Any, Any], tissues: TissueTable) -> Path:
    """A .seg.nrrd with names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_label_map(path, LabelMap(array=array, geometry=GEOMETRY, tissues=tissues))
    return path


def write_json(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)
