"""`sslseg evaluate` on segmentations that name their tissues."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Dict, Tuple

import numpy as np

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map
from Testing.imaging.making import SHAPE, plain_geometry


def segmentation(path: Path, names: Tuple[str, str]) -> Path:
    """The same liver and kidney everywhere, numbered in the order of `names`."""
    liver, kidney = (1 + names.index(name) for name in ("liver", "kidney"))
    array = np.zeros(SHAPE, np.uint8)
    array[1:3, 1:4, 1:3] = liver
    array[3, 2:5, 4:6] = kidney
    write_label_map(path, LabelMap(array, plain_geometry(), TissueTable.from_names({1: names[0], 2: names[1]})))
    return path


def test_segmentations_with_other_numbers_are_compared_by_name_also_without_a_table(tmp_path: Path) -> None:
    prediction = segmentation(tmp_path / "prediction.seg.nrrd", ("kidney", "liver"))
    reference = segmentation(tmp_path / "reference.seg.nrrd", ("liver", "kidney"))
    output = tmp_path / "table.csv"
    assert main(["evaluate", "--prediction", str(prediction), "--reference", str(reference), "--output", str(output)]) == 0
    with output.open(encoding="utf-8", newline="") as handle:
        rows: Dict[str, Dict[str, str]] = {row["tissue"]: row for row in csv.DictReader(handle)}
    assert {name: float(row["dice"]) for name, row in rows.items()} == {"liver": 1.0, "kidney": 1.0}
    assert rows["liver"]["label"] == "1"
