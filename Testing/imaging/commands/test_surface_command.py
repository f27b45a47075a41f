"""`sslseg surface`: which files it writes, what it says, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.imaging.biomarkers.region import find_boxes
from SSLSegmentationLib.imaging.surface import SurfaceSettings, closed_surface
from Testing.imaging.making import nifti, plain_geometry

SHAPE = (7, 9, 11)


def labels() -> np.ndarray:
    array = np.zeros(SHAPE, np.uint8)
    array[1:5, 2:7, 3:8] = 2
    array[0, 0, :] = 5
    return array


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return nifti(tmp_path / "labels.nii.gz", labels())


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_every_label_gets_its_arrays_and_the_facts_say_their_sizes(path: Path, tmp_path: Path, capsys) -> None:
    output = tmp_path / "new" / "surfaces"
    assert main(["surface", str(path), "--output", str(output), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert names(output) == [f"{value}-{part}.npy" for value in (2, 5) for part in ("normals", "points", "triangles")]
    for fact in facts["surfaces"]:
        made = closed_surface(
            labels(),
            fact["label"],
            box=find_boxes(labels())[fact["label"]],
            affine_ras=plain_geometry(SHAPE).affine_ras,
            settings=SurfaceSettings(),
        )
        stored = {part: np.load(output / f"{fact['label']}-{part}.npy") for part in ("points", "triangles", "normals")}
        assert (fact["points"], fact["triangles"]) == (len(stored["points"]), len(stored["triangles"]))
        np.testing.assert_allclose(stored["points"], made.points, atol=1e-4)
        np.testing.assert_array_equal(stored["triangles"], made.triangles)
        np.testing.assert_allclose(stored["normals"], made.normals, atol=1e-4)


def test_only_the_labels_that_are_named_are_made_as_they_are_asked_for(path: Path, tmp_path: Path, capsys) -> None:
    words = ["--label", "9", "--label", "2", "--label", "2", "--smoothing", "0", "--decimation", "0.5", "--no-normals"]
    assert main(["surface", str(path), "--output", str(tmp_path / "o"), *words]) == 0
    assert names(tmp_path / "o") == [f"{value}-{part}.npy" for value in (2, 9) for part in ("points", "triangles")]
    assert np.load(tmp_path / "o" / "9-triangles.npy").shape == (0, 3)
    assert capsys.readouterr().out.splitlines()[0] == "label 9: 0 triangles"
    whole = closed_surface(
        labels(), 2, box=find_boxes(labels())[2], affine_ras=np.eye(4), settings=SurfaceSettings(0.0, 0.0, normals=False)
    )
    assert 0 < len(np.load(tmp_path / "o" / "2-triangles.npy")) < 0.6 * len(whole.triangles)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.nii.gz"], 3, "missing.nii.gz"),
        (["LABELS", "--smoothing", "-0.1"], 2, "smoothing"),
        (["LABELS", "--smoothing", "2"], 2, "not a number from 0 to 1"),
        (["LABELS", "--label", "x"], 2, "whole number from 1"),
    ],
)
def test_what_can_not_be_made_is_said_and_nothing_is_written(words, code, said, path, tmp_path, capsys) -> None:
    given = [str(path) if word == "LABELS" else word for word in words]
    assert main(["surface", *given, "--output", str(tmp_path / "o")]) == code
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_a_file_in_the_place_of_the_folder_is_said(path: Path, capsys) -> None:
    assert main(["surface", str(path), "--output", str(path)]) == 2
    assert "folder" in capsys.readouterr().err


class Followed(Reporter):
    """Cancels while the `last` surface is made."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.shares: list[float] = []
        self.failed: list[SSLSegmentationError] = []

    def progress(self, text, *, share=None, seconds_left=None) -> None:
        self.shares.append(share)

    def fail(self, error) -> None:
        self.failed.append(error)

    def cancelled(self) -> bool:
        return len(self.shares) == self.last


def test_a_cancel_leaves_whole_surfaces_only_and_makes_no_folder(path: Path, tmp_path: Path) -> None:
    reporter = Followed(2)
    assert main(["surface", str(path), "--output", str(tmp_path / "o")], reporter=reporter) == 8
    assert reporter.shares == [0.0, 0.5] and reporter.failed[0].code == "job.cancelled"
    assert names(tmp_path / "o") == ["2-normals.npy", "2-points.npy", "2-triangles.npy"]
    assert main(["surface", str(path), "--output", str(tmp_path / "p")], reporter=Followed(1)) == 8
    assert not (tmp_path / "p").exists()


def test_a_python_without_vtk_says_so(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "vtkmodules.util.numpy_support", None)
    assert main(["surface", str(path), "--output", str(tmp_path / "o")]) == 4
    assert "vtk" in capsys.readouterr().err
