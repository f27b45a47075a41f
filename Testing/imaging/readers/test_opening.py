"""What holds for files of every format: names, folders, rights, noise, speed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.imaging.readers import READERS, read_geometry, read_scan
from Testing.imaging.making import nifti, numbers, plain_geometry
from Testing.imaging.readers.test_nifti import refused


@pytest.mark.parametrize("name", ["T2 übersicht 图.nii.gz", "a b'\"$.nii", "ё" * 60 + ".nii.gz", "A.NII.GZ"])
def test_any_file_name_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Knî Müller 膝"
    folder.mkdir()
    plain = "a.nii.gz" if name.lower().endswith(".gz") else "a.nii"
    path = nifti(tmp_path / plain, numbers()).rename(folder / name)
    assert np.array_equal(read_scan(path).array, numbers())
    assert read_geometry(str(path)).same_grid(plain_geometry())


@pytest.mark.parametrize("suffix", [*READERS, ".dcm", ".mgz", ".png", ""])
def test_an_empty_file_of_any_name_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    refused(path, "data.empty", "0 bytes")


@pytest.mark.parametrize("suffix", list(READERS))
def test_random_bytes_are_refused_whatever_the_name(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(rng.bytes(5000))
    with pytest.raises(Exception) as caught:
        read_scan(path)
    assert getattr(caught.value, "exit_code", None) == 3


@pytest.mark.parametrize(
    ("name", "kind"), [("a.dcm", "DICOM"), ("a.dcm.gz", "DICOM"), ("a.mgz", "MGZ"), ("a.png", "by its name")]
)
def test_other_formats_are_refused_by_name(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"data")
    refused(tmp_path / name, "data.unsupported", kind)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing.nii", "data.missing", "does not exist")
    refused(tmp_path, "data.unsupported", "folder")
    os.mkfifo(tmp_path / "pipe.nii")
    refused(tmp_path / "pipe.nii", "data.unreadable", "not a regular file")
    refused(Path("a\0.nii"), "data.missing")
    refused(Path("x" * 5000 + ".nii"), "data.unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", numbers())
    path.chmod(0)
    refused(path, "data.unreadable", "Permission denied")


def test_nothing_but_our_own_words_reaches_stderr(tmp_path: Path) -> None:
    good = nifti(tmp_path / "good.nii.gz", numbers())
    (tmp_path / "cut.nii.gz").write_bytes(good.read_bytes()[:200])
    (tmp_path / "noise.nrrd").write_bytes(b"NRRD0004\n" + bytes(range(256)))
    paths = [str(tmp_path / name) for name in ("cut.nii.gz", "noise.nrrd")]
    done = subprocess.run(
        [sys.executable, "-m", "SSLSegmentationLib", "inspect", *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: 2 of 2 files are refused")
