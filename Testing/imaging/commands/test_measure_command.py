"""`sslseg measure`, `evaluate` and `phantom` as a person runs them, without torch."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import numpy as np
import pytest
import SimpleITK as sitk

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers import write_label_map, write_scan
from Testing.data import REPOSITORY, real_data

NAME = "ct_l3_0000.nii.gz"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_phantoms("ct_l3", folder=folder, count=2, seed=0)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def table(path: Path) -> List[Dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def measure(image: Path, labels: Path, output: Path, *more: str) -> int:
    return main(["measure", "--image", str(image), "--labels", str(labels), "--output", str(output), *more])


def evaluate(prediction: Path, reference: Path, output: Path, *more: str) -> int:
    return main(["evaluate", "--prediction", str(prediction), "--reference", str(reference), "--output", str(output), *more])


def test_measuring_a_folder_gives_the_truth_of_every_phantom(data: Path, tmp_path: Path) -> None:
    truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    tissues = ["--tissues", str(data / "tissues.json")]
    assert measure(data / "images", data / "labels", tmp_path / "t.csv", *tissues) == 0
    rows = table(tmp_path / "t.csv")
    assert [row["scan"] for row in rows] == ["ct_l3_0000"] * 8 + ["ct_l3_0001"] * 8
    for row in rows:
        facts = truth[row["scan"]]["tissues"][row["tissue"]]
        # NIfTI keeps spacing in float32.
        assert float(row["volume_ml"]) == pytest.approx(facts["volume_ml"], rel=1e-6)
        assert float(row["csa_max_mm2"]) == pytest.approx(facts["csa_mm2"][0], rel=1e-6)
        assert float(row["mean"]) == pytest.approx(facts["mean_noisy"], rel=1e-12)


def test_real_ct_has_the_reference_values(tmp_path: Path) -> None:
    source = real_data("totalsegmentator_examples")
    labels = source / "labels" / "example_ct_sm__tissue_types.nii.gz"
    assert measure(source / "images" / "example_ct_sm.nii.gz", labels, tmp_path / "t.csv") == 0
    found = {row["tissue"]: (float(row["mean"]), float(row["volume_ml"])) for row in table(tmp_path / "t.csv")}
    expected = {"label_1": (-92.1, 954.6), "label_2": (-83.8, 917.2), "label_3": (17.6, 952.9)}
    for tissue, values in expected.items():
        assert found[tissue] == pytest.approx(values, abs=0.1)


def test_every_label_of_every_real_label_map_has_its_reference_values(tmp_path: Path) -> None:
    source = real_data("totalsegmentator_examples")
    reference = json.loads((source / "reference" / "measurements.json").read_text(encoding="utf-8"))
    checked = 0
    for label_name, expected in reference.items():
        image = source / "images" / f"{expected['image']}.nii.gz"
        assert measure(image, source / "labels" / f"{label_name}.nii.gz", tmp_path / "t.csv") == 0
        found = {row["label"]: row for row in table(tmp_path / "t.csv")}
        assert list(found) == list(expected["labels"])
        for label, entry in expected["labels"].items():
            assert int(found[label]["voxels"]) == entry["voxels"]
            assert float(found[label]["volume_ml"]) == pytest.approx(entry["volume_ml"], abs=0.001)
            assert float(found[label]["mean"]) == pytest.approx(entry["mean"], abs=0.001)
            assert float(found[label]["sd"]) == pytest.approx(entry["sd"], abs=0.001)
            assert float(found[label]["median"]) == entry["median"]
            checked += 1
    assert checked > 100


def test_json_gives_rows_units_and_nothing_else_on_stdout(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert measure(data / "images" / NAME, data / "labels" / NAME, tmp_path / "t.csv", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    rows = table(tmp_path / "t.csv")
    assert [row["tissue"] for row in facts["rows"]] == [row["tissue"] for row in rows]
    assert facts["rows"][0]["volume_ml"] == float(rows[0]["volume_ml"])
    assert (facts["units"]["volume_ml"], facts["units"]["csa_max_mm2"]) == ("mL", "mm²")


def test_a_tissue_of_the_table_that_is_not_there_has_an_empty_row(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    tissues = json.loads((data / "tissues.json").read_text(encoding="utf-8"))
    (data / "more.json").write_text(json.dumps([*tissues, {"value": 77, "name": "spleen"}]), encoding="utf-8")
    more = ["--tissues", str(data / "more.json")]
    assert measure(data / "images" / NAME, data / "labels" / NAME, tmp_path / "t.csv", *more) == 0
    row = table(tmp_path / "t.csv")[-1]
    assert (row.pop("scan"), row.pop("tissue"), row.pop("label"), row.pop("state")) == ("ct_l3_0000", "spleen", "77", "absent")
    assert set(row.values()) == {""}
    assert "–" in capsys.readouterr().out


def test_a_map_adds_its_columns_and_counts_what_is_missing(data: Path, tmp_path: Path) -> None:
    scan = read_scan(data / "images" / NAME)
    values = np.full(scan.array.shape, 30.0, dtype=np.float32)
    values[:, :, ::2] = np.nan
    write_scan(data / "t2.nii.gz", Scan(values, scan.geometry))
    more = ["--map", f"t2={data / 't2.nii.gz'}"]
    assert measure(data / "images" / NAME, data / "labels" / NAME, tmp_path / "t.csv", *more) == 0
    row = table(tmp_path / "t.csv")[0]
    assert list(row)[-4:] == ["t2_mean", "t2_sd", "t2_median", "t2_missing_voxels"]
    assert (float(row["t2_mean"]), float(row["t2_sd"])) == (30.0, 0.0)
    assert 0 < int(row["t2_missing_voxels"]) < int(row["voxels"])


def test_a_map_stored_with_flipped_axes_lies_on_the_same_voxels(data: Path, tmp_path: Path) -> None:
    image = sitk.ReadImage(str(data / "images" / NAME))
    sitk.WriteImage(sitk.Flip(image, [True, False, False]), str(data / "flipped.nii.gz"))
    more = ["--map", f"ct={data / 'flipped.nii.gz'}"]
    assert measure(data / "images" / NAME, data / "labels" / NAME, tmp_path / "t.csv", *more) == 0
    for row in table(tmp_path / "t.csv"):
        assert row["ct_mean"] == row["mean"]


def test_two_maps_of_one_name_are_wrong_use(data: Path, tmp_path: Path) -> None:
    more = ["--map", f"a={data / 'images' / NAME}", "--map", f"a={data / 'labels' / NAME}"]
    assert measure(data / "images" / NAME, data / "labels" / NAME, tmp_path / "t.csv", *more) == 2


def _shift(data: Path) -> None:
    labels = read_label_map(data / "labels" / NAME)
    image = sitk.GetImageFromArray(labels.array)
    image.SetSpacing(labels.geometry.spacing)
    image.SetOrigin([value + 0.4 for value in labels.geometry.origin])
    sitk.WriteImage(image, str(data / "labels" / NAME))


def _unknown_label(data: Path) -> None:
    labels = read_label_map(data / "labels" / NAME)
    array = labels.array.copy()
    array[0, 0, 0] = 99
    write_label_map(data / "labels" / NAME, LabelMap(array, labels.geometry, labels.tissues))


def _not_finite(data: Path) -> None:
    scan = read_scan(data / "images" / NAME)
    array = scan.array.astype(np.float32)
    array[0, 0, :2] = np.nan
    write_scan(data / "images" / NAME, Scan(array, scan.geometry))


def _colour(data: Path) -> None:
    scan = sitk.Cast(sitk.ReadImage(str(data / "labels" / NAME)), sitk.sitkUInt8)
    sitk.WriteImage(sitk.Compose(scan, scan, scan), str(data / "images" / NAME))


def _truncated(data: Path) -> None:
    path = data / "images" / NAME
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _truncated_inside(data: Path) -> None:
    path = data / "labels" / NAME
    raw = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(raw[: len(raw) // 2]))


def _empty(data: Path) -> None:
    (data / "labels" / NAME).write_bytes(b"")


def _missing(data: Path) -> None:
    (data / "labels" / NAME).unlink()


def _probabilities(data: Path) -> None:
    scan = read_scan(data / "images" / NAME)
    write_scan(data / "labels" / NAME, Scan(np.full(scan.array.shape, 0.5, dtype=np.float32), scan.geometry))


@pytest.mark.parametrize(
    "spoil", [_shift, _unknown_label, _not_finite, _colour, _truncated, _truncated_inside, _empty, _missing, _probabilities]
)
def test_one_bad_file_means_exit_three_with_its_name_and_no_table(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture, spoil: object
) -> None:
    spoil(data)  # type: ignore[operator]  # a table of functions
    output = tmp_path / "out" / "t.csv"
    # The good phantom comes second: had rows been written as they came, the table of the first would be there.
    assert measure(data / "images", data / "labels", output, "--tissues", str(data / "tissues.json")) == 3
    captured = capsys.readouterr()
    assert NAME in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not output.parent.exists() or not list(output.parent.iterdir())


def test_a_bad_run_leaves_an_earlier_table_as_it_was(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "t.csv"
    output.write_text("earlier", encoding="utf-8")
    _empty(data)
    assert measure(data / "images", data / "labels", output) == 3
    assert output.read_text(encoding="utf-8") == "earlier"


def test_an_output_that_is_a_folder_or_a_scan_is_wrong_use(data: Path, tmp_path: Path) -> None:
    for output in (tmp_path, data / "labels" / NAME):
        assert measure(data / "images" / NAME, data / "labels" / NAME, output) == 2
    assert (data / "labels" / NAME).stat().st_size > 0


def test_evaluating_the_truth_against_itself_is_perfect(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    more = ["--image", str(data / "images"), "--json", "--tissues", str(data / "tissues.json")]
    assert evaluate(data / "labels", data / "labels", tmp_path / "e.csv", *more) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["summary"]["mean_dice"] == 1
    assert all(row["assd_mm"] == row["mean_error"] == row["volume_error_percent"] == 0 for row in facts["rows"])
    assert len(table(tmp_path / "e.csv")) == 16


def test_a_missed_kidney_lowers_the_mean(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(data / "labels", tmp_path / "predicted")
    labels = read_label_map(data / "labels" / NAME)
    array = labels.array.copy()
    array[array == 7] = 0
    write_label_map(tmp_path / "predicted" / NAME, LabelMap(array, labels.geometry, labels.tissues))
    tissues = ["--tissues", str(data / "tissues.json")]
    assert evaluate(tmp_path / "predicted", data / "labels", tmp_path / "e.csv", *tissues, "--json") == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    kidney = next(tissue for tissue in summary["tissues"] if tissue["tissue"] == "kidney_left")
    assert (kidney["dice_mean"], kidney["missed"], kidney["scans"]) == (0.5, 1, 2)
    row = next(row for row in table(tmp_path / "e.csv") if row["tissue"] == "kidney_left")
    assert (row["scan"], row["state"], row["dice"], row["hausdorff95_mm"]) == ("ct_l3_0000", "absent", "0.0", "")
    assert evaluate(tmp_path / "predicted", data / "labels", tmp_path / "e.csv", *tissues) == 0
    assert "Mean Dice over the tissues: 0.9375" in capsys.readouterr().out


def test_evaluate_refuses_a_prediction_on_another_grid(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(data, tmp_path / "moved")
    _shift(tmp_path / "moved")
    assert evaluate(tmp_path / "moved" / "labels", data / "labels", tmp_path / "e.csv") == 3
    assert NAME in capsys.readouterr().err
    assert not (tmp_path / "e.csv").exists()


def test_phantom_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["phantom", "ct_body", "--output", str(tmp_path / "p"), "--count", "2", "--seed", "4", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["names"] == ["ct_body_0004", "ct_body_0005"]
    assert sorted(path.name for path in (tmp_path / "p" / "images").iterdir()) == ["ct_body_0004.nii.gz", "ct_body_0005.nii.gz"]
    assert main(["phantom", "ct_l3", "--output", str(tmp_path / "q")]) == 0
    assert "1 × ct_l3" in capsys.readouterr().out
    assert main(["phantom", "ct_head", "--output", str(tmp_path / "r")]) == 2


BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "nibabel", "yaml", "matplotlib", "safetensors", "psutil", "pandas"):
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
from SSLSegmentationLib.cli import main
folder = sys.argv[1]
codes = [
    main(["phantom", "ct_l3", "--output", folder]),
    main(["measure", "--image", folder + "/images", "--labels", folder + "/labels", "--output", folder + "/m.csv"]),
    main(["evaluate", "--prediction", folder + "/labels", "--reference", folder + "/labels", "--output", folder + "/e.csv"]),
]
sys.exit(any(codes))
"""


def test_no_torch_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(tmp_path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(table(tmp_path / "m.csv")) == 8
