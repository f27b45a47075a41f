"""The grid that an NRRD's header says in words is the one that SimpleITK reads from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
import SimpleITK

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import checks, nrrd_geometry, read_geometry, read_scan
from SSLSegmentationLib.imaging.readers.nrrd import parse_header
from SSLSegmentationLib.imaging.readers.nrrd_geometry import plain_geometry
from Testing.data import REPOSITORY
from Testing.imaging.making import NRRD_LINES, nrrd, numbers, random_geometry
from Testing.imaging.making import plain_geometry as body_geometry
from Testing.imaging.readers.test_nifti import refused

DATA = numbers().tobytes()
SIZES = (7, 6, 5)
# What turns LPS into the space.
SPACES = {
    "space: left-posterior-superior": (1, 1, 1),
    "space: LPS": (1, 1, 1),
    "space: right-anterior-superior": (-1, -1, 1),
    "space: Right-Anterior-Superior": (-1, -1, 1),
    "space: RAS": (-1, -1, 1),
    "space: left-anterior-superior": (1, -1, 1),
    "space: LAS": (1, -1, 1),
    "space dimension: 3": (1, 1, 1),
}


def lines_of(geometry: Geometry, space: str, *, axis: Optional[int] = None, kind: str = "list", precision: int = 17) -> str:
    """The header of a file on the grid; `axis` is that of two volumes."""
    signs = np.array(SPACES[space])

    def written(vector: Any) -> str:
        return "(" + ",".join(f"{value:.{precision}g}" for value in vector * signs) + ")"

    sizes, kinds = ["7", "6", "5"], ["domain"] * 3
    directions = [written(column) for column in geometry.matrix[:3, :3].T]
    if axis is not None:
        sizes.insert(axis, "2")
        kinds.insert(axis, kind)
        directions.insert(axis, "none")
    return "\n".join(
        [
            "type: short",
            f"dimension: {len(sizes)}",
            space,
            "sizes: " + " ".join(sizes),
            "space directions: " + " ".join(directions),
            "kinds: " + " ".join(kinds),
            "endian: little",
            "encoding: raw",
            "space origin: " + written(geometry.matrix[:3, 3]),
        ]
    )


def in_words(path: Path, axis: Optional[int] = None) -> Optional[Geometry]:
    return plain_geometry(path, parse_header(path).fields, sizes=SIZES, axis=axis)


def numbers_of(geometry: Geometry) -> np.ndarray[Any, Any]:
    return np.array([*geometry.spacing, *geometry.origin, *geometry.direction])


@pytest.mark.parametrize("axis", [None, 0, 3])
@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("space", list(SPACES))
def test_it_is_that_of_simpleitk_for_all_kinds_of_grids(
    tmp_path: Path, space: str, left_handed: bool, axis: Optional[int]
) -> None:
    rng = np.random.default_rng(4)
    for number in range(10):
        geometry = random_geometry(rng, left_handed=left_handed)
        text = lines_of(geometry, space, axis=axis, kind=("list", "vector")[number % 2], precision=(17, 7)[number // 5])
        path = nrrd(tmp_path / f"{number}.nrrd", text, DATA * (1 if axis is None else 2))
        own, known = in_words(path, axis), checks.itk_geometry(path, reader="NrrdImageIO", sizes=SIZES)
        assert own is not None and own.shape == known.shape
        assert np.abs(numbers_of(own) - numbers_of(known)).max() < 1e-9
        assert own.largest_shift(geometry) < 1e-4
        assert read_geometry(path) == own
        assert read_scan(path, volume=0).geometry == own, "SimpleITK agrees when the voxels are read"


def test_files_that_simpleitk_has_written_need_it_no_more(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(numbers())
    image.SetSpacing((0.7, 1.3, 4.0))
    image.SetOrigin((-12.5, 7.25, 1e-3))
    image.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nrrd"))
    own = in_words(tmp_path / "a.nrrd")
    assert own is not None
    assert np.allclose(numbers_of(own), [*image.GetSpacing(), *image.GetOrigin(), *image.GetDirection()], atol=1e-9)


def changed(old: str, new: str) -> str:
    assert old in NRRD_LINES
    return NRRD_LINES.replace(old, new)


def test_without_an_origin_it_begins_at_zero(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", changed("space origin: (-20,15,-30)\n", ""), DATA)
    own = in_words(path)
    assert own is not None and own.origin == (0.0, 0.0, 0.0)
    assert read_scan(path).geometry == own


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("left-posterior-superior", "3D-right-handed"),
        ("left-posterior-superior", "scanner-xyz"),
        ("left-posterior-superior", "of another world"),
        ("kinds: domain domain domain", "kinds: domain domain time"),
        ("kinds: domain domain domain", "kinds: domain domain"),
        ("space origin: (-20,15,-30)", "space origin: (-20,nan,-30)"),
        ("space origin: (-20,15,-30)", "space origin: (-20,15)"),
        ("(0.8,0,0)", "(0.8,0,x)"),
        ("(0.8,0,0)", "(0,0,0)"),
        ("(0.8,0,0)", "(nan,nan,nan)"),
        ("(0.8,0,0)", "(0.8,0,0) surplus"),
        ("encoding: raw", "encoding: raw\naxis mins: 1 2 3"),
        ("encoding: raw", "encoding: raw\nspacings: 1 1 1"),
        ("encoding: raw", "encoding: raw\nspace dimension: 3"),
    ],
)
def test_what_a_header_does_not_say_plainly_is_left_to_simpleitk(
    tmp_path: Path, old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = nrrd(tmp_path / "a.nrrd", changed(old, new), DATA)
    assert in_words(path) is None
    asked = []
    monkeypatch.setattr(checks, "itk_geometry", lambda *_given, **_more: asked.append(1) or body_geometry())
    assert read_geometry(path) == body_geometry() and asked


@pytest.mark.parametrize("kind", ["time", "???", "none"])
def test_volumes_along_an_axis_that_simpleitk_takes_for_one_in_space_are_left_to_it(tmp_path: Path, kind: str) -> None:
    path = nrrd(tmp_path / "a.nrrd", lines_of(body_geometry(), "space: LPS", axis=3, kind=kind), DATA * 2)
    assert in_words(path, 3) is None


def test_a_header_that_simpleitk_takes_for_another_grid_is_refused_before_its_voxels_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(nrrd_geometry._TO_LPS, "left-posterior-superior", (-1.0, 1.0, 1.0))
    refused(nrrd(tmp_path / "a.nrrd", NRRD_LINES, DATA), "data.damaged", "another grid")


def test_a_header_is_read_without_simpleitk(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", NRRD_LINES, DATA)
    script = (
        "import sys; from SSLSegmentationLib.imaging.readers import read_geometry;"
        f"print(read_geometry({str(path)!r}).shape, 'SimpleITK' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert done.stdout.split("\n")[0] == "(5, 6, 7) False"
