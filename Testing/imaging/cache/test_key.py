"""What counts as the content of a scan: its file, detached data, a list of files, a folder."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.cache.key import content_hash


@pytest.mark.parametrize("data", ["scan.img", "scan.img.gz"])
def test_the_data_beside_an_analyze_header_count(tmp_path, data):
    header = tmp_path / "scan.hdr"
    header.write_bytes(b"header")
    (tmp_path / data).write_bytes(b"one")
    before = content_hash(header)
    (tmp_path / data).write_bytes(b"two")
    assert content_hash(header) != before


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("scan.mhd", "ElementDataFile = voxels.raw"),
        ("scan.nhdr", "data file: voxels.raw"),
        ("scan.mhd", "ElementDataFile = LIST\nvoxels.raw"),
        ("scan.nhdr", "data file: voxels%02d.raw 1 9 1"),
    ],
)
def test_the_data_that_a_header_names_count(tmp_path, name, line):
    header = tmp_path / name
    header.write_text(f"NDims = 3\n{line}\n", encoding="utf-8")
    (tmp_path / "voxels.raw").write_bytes(b"one")
    before = content_hash(header)
    assert content_hash(header) == before
    (tmp_path / "voxels.raw").write_bytes(b"two")
    assert content_hash(header) != before


def test_a_header_that_names_no_data_counts_alone(tmp_path):
    header = tmp_path / "scan.mhd"
    header.write_bytes(b"\xff\xfe nothing here")
    before = content_hash(header)
    (tmp_path / "other.raw").write_bytes(b"x")
    assert content_hash(header) == before


def test_every_file_of_a_folder_counts(tmp_path):
    series = tmp_path / "series"
    series.mkdir()
    (series / "1.dcm").write_bytes(b"one")
    before = content_hash(series)
    (series / "2.dcm").write_bytes(b"")
    assert content_hash(series) != before


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SSLSegmentationError, match="gone.nii") as error:
        content_hash(tmp_path / "gone.nii")
    assert error.value.code == "data.missing"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SSLSegmentationError, match="below") as error:
        content_hash(tmp_path / "file" / "below")
    assert error.value.code in ("data.missing", "data.unreadable")
