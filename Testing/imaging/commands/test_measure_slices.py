"""`sslseg measure --slice` and `--slice-areas` as a person runs them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import nibabel as nib
import numpy as np
import pytest

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.imaging.biomarkers import biomarker_columns
from Testing.data import real_data
from Testing.imaging.making import nifti

FIXED = ["scan", "tissue", "label", "state", *(measure.name for measure in biomarker_columns())]
ADDED = ["csa_slice_mm2", "csa_slice_index"]
# A voxel's face in a slice has 0.5 × 0.5 mm; slices lie 4 mm apart, the first at -30 mm.
AFFINE = np.array([[-0.5, 0, 0, 8.0], [0, 0.5, 0, -5.0], [0, 0, 4.0, -30.0], [0, 0, 0, 1.0]])


def write_pair(folder: Path, name: str, *, affine: np.ndarray = AFFINE) -> None:
    """Six slices; tissue 1 has 4 voxels in slice 1 and 8 in slice 2, tissue 2 has 1 voxel in slice 4."""
    labels = np.zeros((10, 9, 6), np.uint8)
    labels[2:4, 2:4, 1] = 1
    labels[2:4, 2:6, 2] = 1
    labels[5, 5, 4] = 2
    for kind, array in (("images", labels.astype(np.int16) * 100), ("labels", labels)):
        (folder / kind).mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(array, affine), folder / kind / name)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_pair(tmp_path, "a.nii.gz")
    names = [{"value": 1, "name": "muscle"}, {"value": 2, "name": "bone"}, {"value": 3, "name": "Öl;,"}]
    (tmp_path / "tissues.json").write_text(json.dumps(names), encoding="utf-8")
    return tmp_path


def measure(data: Path, *more: str, one: str = "") -> int:
    """The folder, or one scan of it."""
    paths = [str(data / kind / one) for kind in ("images", "labels")]
    table = ["--tissues", str(data / "tissues.json"), "--output", str(data / "t.csv")]
    return main(["measure", "--image", paths[0], "--labels", paths[1], *table, *more])


def table(path: Path) -> List[Dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def slice_cells(data: Path) -> List[Tuple[str, ...]]:
    return [tuple(row[name] for name in ADDED) for row in table(data / "t.csv")]


@pytest.mark.parametrize("words", [["--slice", "2"], ["--slice", "-22mm"], ["--slice=-20.5mm"], ["--slice", "-23.9 mm"]])
def test_a_slice_is_named_by_index_or_position(data: Path, words: List[str]) -> None:
    assert measure(data, *words, one="a.nii.gz") == 0
    # In another slice only: a true 0. Absent in the whole scan: nothing.
    assert slice_cells(data) == [("2.0", "2"), ("0.0", "2"), ("", "")]
    assert list(table(data / "t.csv")[0]) == FIXED + ADDED


def test_without_the_options_the_columns_are_the_fixed_ones(data: Path, capsys: pytest.CaptureFixture) -> None:
    assert measure(data, "--json") == 0
    assert list(table(data / "t.csv")[0]) == FIXED
    assert set(json.loads(capsys.readouterr().out)) == {"output", "rows", "units", "warnings"}


def test_the_columns_of_a_slice_come_behind_those_of_a_map(data: Path) -> None:
    assert measure(data, "--slice", "0", "--map", f"t2={data / 'images' / 'a.nii.gz'}", one="a.nii.gz") == 0
    assert list(table(data / "t.csv")[0])[-3:] == ["t2_missing_voxels", *ADDED]


def test_a_position_across_sagittal_slices_is_positive_to_the_right(data: Path) -> None:
    # The slice axis runs from +40 mm right to the left.
    affine = np.array([[0, 0, -5.0, 40.0], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0, 1.0]])
    write_pair(data, "a.nii.gz", affine=affine)
    assert measure(data, "--slice", "30mm", "--slice-areas", str(data / "s.csv")) == 0
    assert slice_cells(data)[0] == ("2.0", "2")
    assert [float(row["position_mm"]) for row in table(data / "s.csv")[:6]] == [40, 35, 30, 25, 20, 15]


def test_every_slice_of_every_present_tissue_is_listed_for_a_folder(data: Path, capsys: pytest.CaptureFixture) -> None:
    higher = AFFINE.copy()
    higher[2, 3] = -22
    write_pair(data, "übung.nii.gz", affine=higher)
    assert measure(data, "--slice", "-18mm", "--slice-areas", str(data / "new" / "s.csv"), "--json") == 0
    rows = table(data / "new" / "s.csv")
    assert list(rows[0]) == ["scan", "tissue", "label", "slice_index", "position_mm", "csa_mm2"]
    expected = []
    for scan, start in (("a", -30.0), ("übung", -22.0)):
        for tissue, label, areas in (("muscle", 1, (0.0, 1.0, 2.0, 0.0, 0.0, 0.0)), ("bone", 2, (0.0, 0.0, 0.0, 0.0, 0.25, 0.0))):
            expected += [(scan, tissue, label, index, start + 4 * index, area) for index, area in enumerate(areas)]
    facts: Dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [tuple(row.values()) for row in facts["slice_areas"]["rows"]] == expected
    assert [tuple(row.values()) for row in rows] == [tuple(str(value) for value in row) for row in expected]
    assert (facts["units"]["csa_slice_mm2"], facts["slice_areas"]["units"]["position_mm"]) == ("mm²", "mm")
    # The same place is another slice of each scan.
    assert [(row["csa_slice_mm2"], row["csa_slice_index"]) for row in facts["rows"]] == [
        (0, 3), (0, 3), (None, None), (1, 1), (0, 1), (None, None),
    ]  # fmt: skip


def test_people_see_the_area_in_the_slice(data: Path, capsys: pytest.CaptureFixture) -> None:
    assert measure(data, "--slice", "2", "--slice-areas", str(data / "s.csv")) == 0
    shown = capsys.readouterr().out
    assert "area in slice mm²" in shown
    assert f"Areas of every slice written to {data / 's.csv'}." in shown


@pytest.mark.parametrize("position", ["6", "999999999", "-32.1mm", "-7.9mm", "22mm"])
def test_a_slice_outside_one_scan_of_a_folder_means_no_table(data: Path, capsys: pytest.CaptureFixture, position: str) -> None:
    (data / "s.csv").write_text("earlier", encoding="utf-8")
    assert measure(data, "--slice", position, "--slice-areas", str(data / "s.csv")) == 2
    message = capsys.readouterr().err
    assert "a.nii.gz: it has slices 0 to 5, with centres from -30 to -10 mm along I-S" in message
    assert not (data / "t.csv").exists()
    assert (data / "s.csv").read_text(encoding="utf-8") == "earlier"


@pytest.mark.parametrize("position", ["", "-1", "1.5", "-3,5mm", "mm", "nanmm", "1e3mm", "5cm", "0x1", "1" * 400 + "mm"])
def test_what_is_no_position_is_wrong_use(data: Path, capsys: pytest.CaptureFixture, position: str) -> None:
    assert measure(data, "--slice", position) == 2
    assert "neither the index of a slice" in capsys.readouterr().err


def test_a_bad_scan_or_a_full_place_leaves_neither_table(data: Path) -> None:
    write_pair(data, "b.nii.gz")
    (data / "labels" / "b.nii.gz").write_bytes(b"")
    assert measure(data, "--slice-areas", str(data / "s.csv")) == 3
    (data / "taken").write_text("a file, not a folder", encoding="utf-8")
    assert measure(data, "--slice-areas", str(data / "taken" / "s.csv"), one="a.nii.gz") != 0
    assert {path.name for path in data.iterdir()} == {"images", "labels", "tissues.json", "taken"}


def test_the_further_table_needs_a_name_of_its_own(data: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("t.csv", "new/../t.csv", "", "labels/a.nii.gz"):
        assert measure(data, "--slice-areas", str(data / name)) == 2
    assert "--output and --slice-areas both name" in capsys.readouterr().err
    assert not (data / "t.csv").exists()


def test_scans_that_are_cut_along_different_axes_are_named(data: Path, capsys: pytest.CaptureFixture) -> None:
    write_pair(data, "b.nii.gz", affine=np.array([[0, 0, -5.0, 0], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0, 1.0]]))
    assert measure(data, "--slice", "1") == 0
    assert "I-S (such as a), R-L (such as b)" in capsys.readouterr().err


def test_a_label_map_without_tissues_gives_a_table_without_rows(tmp_path: Path) -> None:
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
        nifti(tmp_path / kind / "a.nii", np.zeros((5, 6, 7), np.uint8))
    words = ["--output", str(tmp_path / "t.csv"), "--slice-areas", str(tmp_path / "s.csv"), "--slice", "0"]
    assert main(["measure", "--image", str(tmp_path / "images"), "--labels", str(tmp_path / "labels"), *words]) == 0
    assert table(tmp_path / "s.csv") == []


def test_areas_of_a_real_scan_add_up_to_its_volume_and_peak(tmp_path: Path) -> None:
    source = real_data("totalsegmentator_examples")
    labels = source / "labels" / "example_ct_sm__tissue_types.nii.gz"
    words = ["--output", str(tmp_path / "t.csv"), "--slice-areas", str(tmp_path / "s.csv"), "--slice", "10"]
    image = source / "images" / "example_ct_sm.nii.gz"
    assert main(["measure", "--image", str(image), "--labels", str(labels), *words]) == 0
    scan, array = nib.load(image), np.asarray(nib.load(labels).dataobj)
    pixel = scan.header.get_zooms()[0] * scan.header.get_zooms()[1]
    slices = table(tmp_path / "s.csv")
    for row in table(tmp_path / "t.csv"):
        own = [line for line in slices if line["label"] == row["label"]]
        areas = [float(line["csa_mm2"]) for line in own]
        assert areas == pytest.approx((array == int(row["label"])).sum(axis=(0, 1)) * pixel, rel=1e-6)
        assert max(areas) == float(row["csa_max_mm2"])
        assert (areas[10], "10") == (float(row["csa_slice_mm2"]), row["csa_slice_index"])
        expected = [scan.affine[2] @ (array.shape[0] / 2, array.shape[1] / 2, index, 1) for index in range(array.shape[2])]
        assert [float(line["position_mm"]) for line in own] == pytest.approx(expected, abs=1e-3)
