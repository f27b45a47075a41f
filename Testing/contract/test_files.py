"""Names of scans, and files that are whole or not there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import is_scan_name, replacing, stem, write_bytes, write_text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.nii.gz", "a"),
        ("a.NII.GZ", "a"),
        ("a.seg.nrrd", "a"),
        ("a.b.mha", "a.b"),
        ("DICOM folder", "DICOM folder"),
        ("übersicht 図.nii", "übersicht 図"),
    ],
)
def test_stem_is_the_name_less_one_scan_suffix(name: str, expected: str) -> None:
    assert stem(Path("somewhere") / name) == expected


def test_hidden_and_other_files_are_no_scans() -> None:
    assert is_scan_name("a.nii.gz")
    assert not is_scan_name(".a.nii.gz")
    assert not is_scan_name("a.txt")


def test_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_bytes_are_written_into_a_new_folder(tmp_path: Path) -> None:
    write_bytes(tmp_path / "new" / "a.bin", b"\x00\x01")
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"\x00\x01"


def test_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SSLSegmentationError) as caught:
        write_text(tmp_path / "file" / "a.txt", "x")
    assert caught.value.code == "usage.arguments"


def test_of_a_symbolic_link_the_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("target.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "target.txt").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(SSLSegmentationError, match="no ordinary file") as caught:
        write_text(pipe, "x")
    assert caught.value.code == "usage.arguments"
    assert pipe.is_fifo()


@pytest.mark.skipif(sys.platform == "win32", reason="whole paths are limited there")
def test_the_longest_possible_name_is_written_and_a_longer_one_named(tmp_path: Path) -> None:
    longest = tmp_path / ("a" * 251 + ".csv")
    write_text(longest, "x")
    assert longest.read_text() == "x"
    with pytest.raises(SSLSegmentationError, match="too long") as caught:
        write_text(tmp_path / ("a" * 252 + ".csv"), "x")
    assert caught.value.code == "usage.arguments"
