"""Tissue tables as JSON and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues, write_tissues
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue

TABLE = TissueTable.of(
    [Tissue(2, "Körperfett, 皮下", (230, 220, 70), "GA~SCT^85756007^Tissue~~"), Tissue(1, 'the "muscle"', (0, 0, 255))],
    given=True,
)


@pytest.mark.parametrize("name", ["a.json", "a.csv", "A.CSV", "Tabelle ü"])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    write_tissues(tmp_path / name, TABLE)
    assert read_tissues(tmp_path / name) == TABLE


@pytest.mark.parametrize("color", ["1;2;3", "[1, 2, 3]", "(1 2 3)", "1,2,3"])
def test_a_csv_colour_is_read_in_any_of_its_spellings(tmp_path: Path, color: str) -> None:
    (tmp_path / "a.csv").write_text(f'value,name,color\n1,fat,"{color}"\n', encoding="utf-8-sig")
    assert read_tissues(tmp_path / "a.csv").tissues == (Tissue(1, "fat", (1, 2, 3)),)


@pytest.mark.parametrize("rows", ["value,name\n3,fat\n", "value,name,color,terminology\n3,fat,,\n"])
def test_colour_and_terminology_may_be_left_out(tmp_path: Path, rows: str) -> None:
    (tmp_path / "a.csv").write_text(rows)
    assert read_tissues(tmp_path / "a.csv").tissues == (default_tissue(3, "fat"),)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"value": 0}, "value 0"),
        ({"value": -1}, "value -1"),
        ({"value": 1.5}, "value 1.5"),
        ({"value": True}, "value True"),
        ({"value": "one"}, "value 'one'"),
        ({"value": 2**32}, "value 4294967296"),
        ({"value": None}, "value None"),
        ({"value": float("inf")}, "value inf"),
        ({"name": ""}, "name is missing"),
        ({"name": 3}, "name is missing"),
        ({"color": [1, 2]}, "color"),
        ({"color": [1, 2, 256]}, "color"),
        ({"color": [1, 2, -1]}, "color"),
        ({"color": [0.5, 2, 3]}, "color"),
        ({"color": "red"}, "color"),
        ({"terminology": 5}, "terminology"),
        ({"colour": [1, 2, 3]}, "'colour' is not one of"),
        ({"value": 2}, "value 2 twice"),
        ({"name": "muscle"}, "name 'muscle' twice"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_fact(tmp_path: Path, change: dict[str, object], fact: str) -> None:
    entry: dict[str, object] = {"value": 1, "name": "fat", "color": [1, 2, 3], "terminology": ""}
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{**entry, **change}, {"value": 2, "name": "muscle"}]))
    with pytest.raises(SSLSegmentationError, match=fact) as caught:
        read_tissues(path)
    assert caught.value.exit_code == 3
    assert "a.json" in caught.value.message


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.json", b"", "data.dataset_invalid"),
        ("a.json", b"{}", "data.dataset_invalid"),
        ("a.json", b"[]", "data.dataset_invalid"),
        ("a.json", b"[1]", "data.dataset_invalid"),
        ("a.json", b"[" * 100_000, "data.dataset_invalid"),
        ("a.json", b"\xff\xfe\xfd", "data.unreadable"),
        ("a.csv", b"", "data.dataset_invalid"),
        ("a.csv", b"value,name\n1,fat,1,2,3\n", "data.dataset_invalid"),
        ("a.csv", b"value,name\n1\n", "data.dataset_invalid"),
        ("a.csv", b'value,name\n1,"fat\n', "data.dataset_invalid"),
        ("a.csv", b"value,name,color\n1,fat,1 2\n", "data.dataset_invalid"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SSLSegmentationError) as caught:
        read_tissues(tmp_path / name)
    assert caught.value.code == code


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "a.json", tmp_path):
        with pytest.raises(SSLSegmentationError) as caught:
            read_tissues(path)
        assert caught.value.code == "data.missing"
