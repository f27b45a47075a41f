"""The collection of awkward files: every verdict of `sslseg inspect` is one that the collection accepts."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from SSLSegmentationLib.imaging.inspection import inspect
from Testing.benchmarks.awkward_files import Verdict, judge_all, run_inspect, table
from Testing.data import real_data


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return judge_all(real_data("awkward"))


def test_every_verdict_is_accepted(verdicts: list[Verdict]) -> None:
    assert len(verdicts) == 69
    assert {verdict.file: verdict.objections for verdict in verdicts if verdict.objections} == {}


def test_only_dicom_is_refused_where_reading_is_asked_for(verdicts: list[Verdict]) -> None:
    refused = [verdict.file for verdict in verdicts if verdict.expected == "read" and verdict.outcome == "refused"]
    assert all(file.startswith(("dicom/", "series/")) for file in refused)


def test_the_table_names_every_file(verdicts: list[Verdict]) -> None:
    text = table(verdicts)
    assert all(f"| {verdict.file} |" in text for verdict in verdicts)
    assert "0 not as accepted" in text


def test_refusals_in_a_process_of_its_own_write_one_line_and_nothing_of_the_libraries(verdicts: list[Verdict]) -> None:
    folder = real_data("awkward")
    entries = json.loads((folder / "EXPECTED.json").read_text(encoding="utf-8"))["entries"]
    pairs = {entry["file"] for entry in entries if entry.get("pair_with")}
    refused = [str(folder / verdict.file) for verdict in verdicts if verdict.outcome == "refused" and verdict.file not in pairs]
    done = subprocess.run(
        [sys.executable, "-m", "SSLSegmentationLib", "inspect", *refused], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(Path(path).name in done.stderr for path in refused)


def test_a_name_beyond_ascii_reads_like_any_other(tmp_path: Path) -> None:
    folder = real_data("awkward")
    spec = importlib.util.spec_from_file_location("make_broken", folder / "make_broken.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = module.make_non_ascii(str(tmp_path))
    assert inspect(path).sha256 == inspect(folder / "made" / "ok_image.nii.gz").sha256
    code, objects, stderr = run_inspect([path])
    assert (code, objects[0]["path"], stderr) == (0, path, "")
