"""Files pair by stem; whatever has no counterpart is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.pairing import pair_paths, scans_of


def folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_bytes(b"x")
    return path


def refusal(**roles: Path) -> SSLSegmentationError:
    with pytest.raises(SSLSegmentationError) as caught:
        pair_paths(roles)
    return caught.value


def test_folders_pair_by_stem_whatever_the_format(tmp_path: Path) -> None:
    images = folder(tmp_path / "i", "a.nii.gz", "é.mha", ".hidden.nii", "notes.txt")
    labels = folder(tmp_path / "l", "é.seg.nrrd", "a.nrrd")
    assert pair_paths({"image": images, "labels": labels}) == {
        "a": {"image": images / "a.nii.gz", "labels": labels / "a.nrrd"},
        "é": {"image": images / "é.mha", "labels": labels / "é.seg.nrrd"},
    }


def test_files_are_taken_as_given_under_the_first_stem(tmp_path: Path) -> None:
    path = folder(tmp_path / "f", "a.nii.gz", "b.nrrd")
    assert pair_paths({"image": path / "a.nii.gz", "labels": path / "b.nrrd"}) == {
        "a": {"image": path / "a.nii.gz", "labels": path / "b.nrrd"}
    }


def test_every_file_without_a_counterpart_is_named(tmp_path: Path) -> None:
    images, labels = folder(tmp_path / "i", "a.nii", "b.nii"), folder(tmp_path / "l", "a.nii", "c.nii")
    error = refusal(image=images, labels=labels)
    assert (error.code, error.exit_code) == ("data.unpaired", 3)
    assert str(images / "b.nii") in error.message
    assert str(labels / "c.nii") in error.message


def test_many_files_without_a_counterpart_are_counted(tmp_path: Path) -> None:
    images = folder(tmp_path / "i", *(f"{number}.nii" for number in range(6)))
    assert "and 2 more" in refusal(image=images, labels=folder(tmp_path / "l", "0.nii")).message


def test_probabilities_beside_their_label_map_are_left_out(tmp_path: Path) -> None:
    found = scans_of(folder(tmp_path / "p", "a.nii.gz", "a__probabilities.nii.gz", "b__probabilities.nii.gz"))
    assert list(found) == ["a", "b__probabilities"]


def test_two_files_of_one_stem_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", "a.nii.gz", "a.nrrd")
    error = refusal(image=path, labels=path)
    assert (error.code, error.exit_code) == ("usage.output_collision", 2)


def test_an_empty_or_missing_folder_is_named(tmp_path: Path) -> None:
    empty = folder(tmp_path / "e")
    assert refusal(image=empty, labels=empty).code == "data.empty"
    missing = refusal(image=tmp_path / "nowhere", labels=empty)
    assert (missing.code, missing.exit_code) == ("data.missing", 3)


def test_a_file_and_a_folder_are_not_mixed(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", "a.nii.gz")
    assert refusal(image=path, labels=path / "a.nii.gz").exit_code == 2
