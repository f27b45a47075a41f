"""Scans of a ball in a shell, with their labels: enough to train on in seconds, nothing of any patient."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

import numpy as np

from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan

SHAPE = (8, 40, 48)
GEOMETRY = Geometry(SHAPE, (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
TISSUES = TissueTable.from_values((1, 2))


def make_ball_scans(folder: Path, *, count: int = 4) -> Tuple[Path, Path]:
    """Folders of images and labels, and tissues.json beside them."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        scan, label_map = ball_scan(number)
        write_scan(folder / "images" / f"ball_{number}.nii.gz", scan)
        write_label_map(folder / "labels" / f"ball_{number}.nii.gz", label_map)
    write_tissues(folder / "tissues.json", TISSUES)
    return folder / "images", folder / "labels"


def ball_scan(seed: int) -> Tuple[Scan, LabelMap]:
    """A ball in a shell, at another place for each seed."""
    rng = np.random.default_rng(seed)
    slices, rows, columns = np.indices(SHAPE, dtype=float)
    centre = np.array(SHAPE) / 2 + rng.uniform(-1, 1, 3) * (1, 6, 6)
    distance = np.sqrt((2 * (slices - centre[0])) ** 2 + (rows - centre[1]) ** 2 + (columns - centre[2]) ** 2)
    labels = np.where(distance < 6, 1, np.where(distance < 11, 2, 0)).astype(np.uint8)
    image = np.array([40.0, 220.0, 130.0])[labels] + rng.normal(0, 12, SHAPE)
    return Scan(image.astype(np.float32), GEOMETRY), LabelMap(labels, GEOMETRY, TISSUES)
