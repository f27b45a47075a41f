"""`sslseg predict` from end to end: files, exit codes, and what is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from SSLSegmentationLib.cli import main
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.writers import write_scan
from SSLSegmentationLib.learning.device import CudaDevices
from SSLSegmentationLib.learning.model_package import zip_model
from SSLSegmentationLib.learning.prediction import predictor
from Testing.data import real_data
from Testing.learning.prediction.small_models import TISSUES, model_card, preprocessing, save_untrained


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained(tmp_path_factory.mktemp("models") / "m", model_card(levels=3))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of three real scans."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for path in sorted((real_data("hippocampus_mri") / "imagesTr").glob("*.nii.gz"))[:3]:
        shutil.copy(path, folder / path.name)
    return folder


def predict(*words: "str | Path") -> int:
    return main(["predict", *(str(word) for word in words)])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_graphics_card_that_torch_cannot_use_is_one_warning_for_all_scans(
    model: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(predictor, "find_cuda", lambda: CudaDevices((8,)))
    assert predict(model, scans, "--output", tmp_path / "out") == 0
    assert capsys.readouterr().err.count("the CPU computes") == 1
    assert predict(model, scans, "--output", tmp_path / "out", "--device", "cuda") == 4
    shown = capsys.readouterr().err
    assert "[environment.no_device]" in shown
    assert "--device cpu" in shown


def test_each_scan_gets_a_label_map_on_its_own_grid(model: Path, scans: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "out"
    assert predict(model, scans, "--output", output) == 0
    assert names(output) == names(scans)
    for path in scans.iterdir():
        scan = read_scan(path)
        found = read_label_map(output / path.name, onto=scan.geometry)
        assert set(np.unique(found.array)) <= {0, 1, 2}


def test_a_segmentation_keeps_names_colours_and_terminology(model: Path, scans: Path, tmp_path: Path) -> None:
    first = sorted(scans.iterdir())[0]
    zip_model(model, tmp_path / "m.zip")
    assert predict(tmp_path / "m.zip", first, "--output", tmp_path / "out", "--format", "seg.nrrd") == 0
    stem = first.name.removesuffix(".nii.gz")
    assert names(tmp_path / "out") == [f"{stem}.seg.nrrd"]
    found = read_label_map(tmp_path / "out" / f"{stem}.seg.nrrd", onto=read_scan(first).geometry)
    assert [(one.value, one.name, one.color, one.terminology) for one in found.tissues] == [
        (one.value, one.name, one.color, one.terminology) for one in TISSUES
    ]


def test_probabilities_come_tissues_last_and_agree_with_the_label_map(model: Path, scans: Path, tmp_path: Path) -> None:
    first = sorted(scans.iterdir())[0]
    assert predict(model, first, "--output", tmp_path / "out", "--probabilities") == 0
    stem = first.name.removesuffix(".nii.gz")
    assert names(tmp_path / "out") == [first.name, f"{stem}__probabilities.nii.gz"]
    probabilities = nibabel.load(tmp_path / "out" / f"{stem}__probabilities.nii.gz")
    labels = nibabel.load(tmp_path / "out" / first.name)
    assert probabilities.shape == (*labels.shape, 2)
    assert np.allclose(probabilities.affine, labels.affine)
    values, found = np.asarray(probabilities.dataobj), np.asarray(labels.dataobj)
    background = 1 - values.sum(axis=-1)
    assert np.array_equal(found[found > 0], (values.argmax(axis=-1) + 1)[found > 0])
    assert (background[found > 0] <= values.max(axis=-1)[found > 0] + 1e-6).all()


def test_bad_scans_are_named_and_the_others_are_done(
    model: Path, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = sorted(scans.iterdir())
    whole = good[0].read_bytes()
    (scans / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    (scans / "empty.nii.gz").write_bytes(b"")
    image = nibabel.load(good[1])
    values = np.asarray(image.dataobj, dtype=np.float32).copy()
    values[0, 0, 0] = np.nan
    nibabel.save(nibabel.Nifti1Image(values, image.affine), scans / "nan.nii.gz")
    code = predict(model, scans, tmp_path / "nowhere.nii.gz", "--output", tmp_path / "out", "--json")
    assert code == 3
    assert names(tmp_path / "out") == [path.name for path in good]
    out, err = capsys.readouterr()
    for name in ("cut.nii.gz", "empty.nii.gz", "nan.nii.gz", "nowhere.nii.gz"):
        assert sum(line.startswith("error:") and name in line for line in err.splitlines()) == 1
    rows = json.loads(out)
    assert sum("error" in row for row in rows) == 4
    assert all(row["inputs"] for row in rows)
    assert sum("labels" in row for row in rows) == 3
    assert "Traceback" not in err


def test_json_tells_where_the_results_lie(model: Path, scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(model, scans, "--output", tmp_path / "out", "--json") == 0
    out, err = capsys.readouterr()
    rows = json.loads(out)
    assert [Path(row["labels"]).is_file() for row in rows] == [True] * 3
    assert [row["inputs"] for row in rows] == [[str(path)] for path in sorted(scans.iterdir())]
    assert "3 of 3 scans segmented" in err


def test_all_scans_are_segmented_though_nobody_reads_the_progress(model: Path, scans: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "SSLSegmentationLib", "predict", str(model), str(scans), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == 0
    assert names(tmp_path / "out") == names(scans)


def test_a_collision_stops_before_anything_is_written(model: Path, scans: Path, tmp_path: Path) -> None:
    shutil.copytree(scans, tmp_path / "again")
    assert predict(model, scans, tmp_path / "again", "--output", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_scans_are_never_replaced_by_their_label_maps(model: Path, scans: Path) -> None:
    before = {path.name: path.read_bytes() for path in scans.iterdir()}
    assert predict(model, scans, "--output", scans) == 2
    assert {path.name: path.read_bytes() for path in scans.iterdir()} == before


@pytest.mark.parametrize("kind", ["missing", "empty folder", "text file"])
def test_a_model_that_is_none_is_wrong_use(kind: str, scans: Path, tmp_path: Path) -> None:
    place = tmp_path / "model"
    if kind == "empty folder":
        place.mkdir()
    elif kind == "text file":
        place.write_text("no model")
    assert predict(place, scans, "--output", tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_a_job_without_a_model_is_bad_data(scans: Path, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "status.json").write_text("{}")
    assert predict(tmp_path / "job", scans, "--output", tmp_path / "out") == 3


def test_without_a_good_input_no_folder_is_made(model: Path, tmp_path: Path) -> None:
    (tmp_path / "x.nii.gz").write_bytes(b"")
    assert predict(model, tmp_path / "x.nii.gz", "--output", tmp_path / "out") == 3
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_wrong_use(model: Path, scans: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    assert predict(model, scans, "--output", tmp_path / "out") == 2
    assert (tmp_path / "out").read_text() == "mine"


def test_too_little_memory_is_exit_5_and_leaves_no_file(model: Path, scans: Path, tmp_path: Path) -> None:
    assert predict(model, scans, "--output", tmp_path / "out", "--memory", "10MB") == 5
    assert names(tmp_path / "out") == []


def test_a_device_that_is_not_there_is_exit_4(model: Path, scans: Path, tmp_path: Path) -> None:
    assert predict(model, scans, "--output", tmp_path / "out", "--device", "cuda:77") == 4


def test_two_channels_are_joined_and_a_lonely_one_is_named(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = model_card(in_channels=2, channels=("T1", "T2"), plan=preprocessing(channels=2))
    two = save_untrained(tmp_path / "two", card)
    first, second = sorted(scans.iterdir())[:2]
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name, source in (("a_0000", first), ("a_0001", first), ("b_0000", first), ("c_0000", first), ("c_0001", second)):
        shutil.copy(source, inputs / f"{name}.nii.gz")
    assert predict(two, inputs, "--output", tmp_path / "out") == 3
    assert names(tmp_path / "out") == ["a.nii.gz"]
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(errors) == 2
    assert "data.unpaired_channels" in errors[0]
    assert "data.grid_mismatch" in errors[1]


def test_ctrl_c_ends_with_8_and_leaves_no_half_file(model: Path, tmp_path: Path) -> None:
    scan = next(iter(make_phantom("ct_body", seed=1, shape=(40, 192, 192)).scans.values()))
    for index in range(30):
        (tmp_path / "in").mkdir(exist_ok=True)
        if index == 0:
            write_scan(tmp_path / "in" / "0.nii.gz", scan)
        else:
            shutil.copy(tmp_path / "in" / "0.nii.gz", tmp_path / "in" / f"{index}.nii.gz")
    command = [sys.executable, "-m", "SSLSegmentationLib", "predict", str(model), str(tmp_path / "in")]
    process = subprocess.Popen([*command, "--output", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob("*.nii.gz")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 8
    assert "Traceback" not in err
    left = list((tmp_path / "out").iterdir())
    assert 0 < len(left) < 30
    for path in left:
        assert not path.name.startswith(".")
        assert read_label_map(path, onto=scan.geometry).array.shape == scan.array.shape


def test_wrong_arguments_and_models_are_told_without_torch(model: Path, tmp_path: Path) -> None:
    """The checks of a large batch must not wait for torch."""
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from SSLSegmentationLib.cli import main\n"
        f"raise SystemExit(main(['predict', {str(model)!r}, {str(tmp_path / 'x.nii.gz')!r}, '--output', 'unused']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "x.nii.gz does not exist" in done.stderr
