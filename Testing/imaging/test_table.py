"""Tables as CSV, JSON and text."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import Measure, MeasureRow
from SSLSegmentationLib.imaging.table import as_records, as_text, require_table_path, units, write_table

COLUMNS = (Measure("voxels", "", "Voxels", "Number."), Measure("mean", "image", "Mean", "Mean."))
ROWS = [
    MeasureRow("größe, 2", 'fat "sub"', 1, ("too_few_voxels", "touches_border"), {"voxels": 3, "mean": 0.1 + 0.2}),
    MeasureRow("b", "bone", 2, ("absent",), {"voxels": None, "mean": None}),
]


def test_a_table_reads_back_with_full_precision(tmp_path: Path) -> None:
    path = tmp_path / "new" / "t.csv"
    write_table(path, ROWS, columns=COLUMNS)
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["scan", "tissue", "label", "state", "voxels", "mean"]
    assert (rows[0]["scan"], rows[0]["tissue"], rows[0]["state"]) == ("größe, 2", 'fat "sub"', "too_few_voxels;touches_border")
    assert float(rows[0]["mean"]) == 0.1 + 0.2
    assert rows[0]["voxels"] == "3"
    assert (rows[1]["voxels"], rows[1]["mean"], rows[1]["state"]) == ("", "", "absent")


def test_records_hold_none_for_what_is_not_finite() -> None:
    record = as_records([MeasureRow("a", "b", 1, (), {"voxels": 1, "mean": float("inf")})], columns=COLUMNS)[0]
    assert record == {"scan": "a", "tissue": "b", "label": 1, "state": "", "voxels": 1, "mean": None}


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(b"m\xfcller")
    write_table(tmp_path / "t.csv", [MeasureRow(name, "a", 1, (), {})], columns=COLUMNS)
    assert "m\\udcfcller" in (tmp_path / "t.csv").read_text(encoding="utf-8")


def test_a_table_is_not_written_over_a_folder_or_a_scan(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "labels.nii.gz"):
        with pytest.raises(SSLSegmentationError) as caught:
            require_table_path(path)
        assert caught.value.exit_code == 2
    require_table_path(tmp_path / "t.csv")


def test_units_are_given_by_name() -> None:
    assert units(COLUMNS) == {"voxels": "", "mean": "image"}


def test_text_is_aligned() -> None:
    assert as_text([("tissue", "mL"), ("fat", "1000.0")]) == "tissue      mL\nfat     1000.0"
