"""`sslseg inspect` as a person and a script see it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.cli import main
from Testing.imaging.making import SHAPE, nifti, numbers, plain_geometry

KEYS = [
    "path", "kind", "shape", "spacing", "affine_ras", "min", "max", "mean", "n_not_finite", "labels", "warnings", "sha256",
]  # fmt: skip


def test_json_is_a_list_with_one_object_per_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(nifti(tmp_path / f"ü {number}.nii.gz", numbers())) for number in range(2)]
    assert main(["inspect", *paths, "--json"]) == 0
    objects = json.loads(capsys.readouterr().out)
    assert [entry["path"] for entry in objects] == paths
    assert all(list(entry) == KEYS for entry in objects)


def test_text_says_size_values_and_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    array = numbers(dtype=np.float32)
    array[0, 0, 0] = np.nan
    image = nifti(tmp_path / "a.nii", array)
    labels = nifti(tmp_path / "b.nii", np.ones(SHAPE, np.uint8))
    assert main(["inspect", str(image), "--labels", str(labels)]) == 0
    out, err = capsys.readouterr()
    for fact in (
        "a.nii: scan",
        "7 × 6 × 5",
        "0.8 × 0.9 × 2.5 mm",
        "1 to 209",
        "1 voxel is NaN",
        "label_1: 210 voxels",
        "sha256",
    ):
        assert fact in out
    assert err == "warning: a.nii: 1 voxel is NaN or infinite.\n"


def test_a_refusal_is_one_line_and_exit_3_and_no_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = nifti(tmp_path / "a.nii", numbers())
    assert main(["inspect", str(good), str(tmp_path / "b.nii"), "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ") and "b.nii does not exist" in err and len(err.splitlines()) == 1
    assert main(["inspect", str(tmp_path / "c.nii"), str(tmp_path / "b.nii")]) == 3
    err = capsys.readouterr().err
    assert "2 of 2 files are refused" in err and "b.nii" in err and "c.nii" in err


def test_a_label_map_on_another_grid_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = nifti(tmp_path / "a.nii", numbers())
    labels = nifti(tmp_path / "b.nii", np.ones((4, 6, 7), np.uint8), plain_geometry((4, 6, 7)))
    assert main(["inspect", str(image), "--labels", str(labels)]) == 3
    assert "[data.grid_mismatch]" in capsys.readouterr().err
