"""What counts as the content of a scan: every byte that reading it takes, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.cache.key import content_hash
from SSLSegmentationLib.imaging.readers import read_scan

NRRD = """NRRD0004
type: uint8
dimension: 3
space: left-posterior-superior
sizes: 2 2 2
space directions: (1,0,0) (0,1,0) (0,0,1)
kinds: domain domain domain
encoding: raw
space origin: (0,0,0)
"""
META = """ObjectType = Image
NDims = 3
DimSize = 2 2 2
ElementType = MET_UCHAR
ElementSpacing = 1 1 1
TransformMatrix = 1 0 0 0 1 0 0 0 1
"""


def _analyze_pair(header: Path, voxels: str) -> None:
    pair = nibabel.Nifti1Pair(np.zeros((2, 2, 2), np.uint8), np.eye(4))
    nibabel.save(pair, header.with_suffix(".img"))
    header.with_suffix(".img").rename(header.with_name(voxels))
    header.with_name(voxels).write_bytes(bytes(8))


def _text_header(header: Path, text: str, voxels: str) -> None:
    header.write_text(text, encoding="utf-8")
    header.with_name(voxels).write_bytes(bytes(8))


@pytest.mark.parametrize(
    ("name", "text", "voxels"),
    [
        ("scan.hdr", "", "scan.img"),
        ("scan.hdr", "", "scan.IMG"),
        ("scan.mhd", META + "ElementDataFile = voxels.raw\n", "voxels.raw"),
        ("scan.mha", META + "ElementDataFile = voxels.raw\n", "voxels.raw"),
        ("scan.nhdr", NRRD + "data file: voxels.raw\n", "voxels.raw"),
        ("scan.nrrd", NRRD + "data file: voxels.raw\n", "voxels.raw"),
        ("scan.nhdr", NRRD + "# a long story\n" * 10_000 + "data file: voxels.raw\n", "voxels.raw"),
    ],
)
def test_voxels_beside_a_header_count(tmp_path, name, text, voxels):
    header = tmp_path / name
    if text:
        _text_header(header, text, voxels)
    else:
        _analyze_pair(header, voxels)
    before = content_hash(header)
    assert not read_scan(header).array.any()
    assert content_hash(header) == before
    (tmp_path / voxels).write_bytes(bytes([1] * 8))
    assert read_scan(header).array.all()
    assert content_hash(header) != before


def test_other_files_beside_a_scan_do_not_count(tmp_path):
    header = tmp_path / "scan.mhd"
    _text_header(header, META + "ElementDataFile = voxels.raw\n", "voxels.raw")
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
