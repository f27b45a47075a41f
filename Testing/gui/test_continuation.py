"""Going on with a corrected scan: it is trained on, the others validate as before, and nothing is on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pytest

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.contract.jobs.record import JobRecord
from SSLSegmentationLib.gui.continuation import kept_validation
from SSLSegmentationLib.gui.data_choice import DataChoice, as_config
from SSLSegmentationLib.gui.panels.scans.state import FOLDERS, ScansState
from SSLSegmentationLib.imaging.dataset import TrainingCases, training_cases
from Testing.gui.small_scans import labels, nifti, write_json

COUNT = 11


@pytest.fixture
def scans(tmp_path: Path) -> ScansState:
    """Folders of labelled scans."""
    for number in range(COUNT):
        nifti(tmp_path / "images" / f"case_{number:02}.nii.gz")
        nifti(tmp_path / "labels" / f"case_{number:02}.nii.gz", labels(1, 2))
    return ScansState(labelled=FOLDERS, images=str(tmp_path / "images"), labels=str(tmp_path / "labels"))


def corrected(root: Path, name: str = "scan-1", *, subject: str = "", file: str = "") -> dict[str, Any]:
    """The entry of a scan that was saved from the scene."""
    image, label = nifti(root / "kept" / name / "image.nii"), nifti(root / "kept" / name / "labels.nii", labels(1))
    return {"id": name, "subject": subject or name, "images": [str(image)], "label": str(label), "file": file}


def a_run(folder: Path, data: dict[str, Any], **config: Any) -> tuple[Path, TrainingCases]:
    """The folder of a fine-tuning with this data, and whom it used."""
    parsed: Config = parse({"data": data, **config}, base=folder.parent)
    folder.mkdir(exist_ok=True)
    JobFolder(folder).write_record(JobRecord("finetune", parsed))
    return folder, training_cases(parsed, purpose="finetune")


def continued(root: Path, scans: ScansState, model: Path, *entries: dict[str, Any]) -> tuple[Path, TrainingCases]:
    """The run that goes on from a model with the last of these entries."""
    scans.saved = list(entries)
    choice = DataChoice.of(scans)
    folder = root / f"continued {len(entries)}"
    folder.mkdir(exist_ok=True)
    data = as_config(DataChoice(**{**vars(choice), "validation": kept_validation(choice, model)}), folder)
    return a_run(folder, data)


def ids(cases: Any) -> set[str]:
    return {case.id for case in cases}


def first_run(root: Path, scans: ScansState, splits: Optional[str] = None, **config: Any) -> tuple[Path, TrainingCases]:
    scans.splits = splits or ""
    (root / "start").mkdir()
    return a_run(root / "start", as_config(DataChoice.of(scans), root / "start"), **config)


@pytest.mark.parametrize("split", ["by the engine", "by a file"])
def test_a_new_scan_is_trained_on_and_the_same_ones_validate(tmp_path: Path, scans: ScansState, split: str) -> None:
    names = [f"case_{number:02}" for number in range(COUNT)]
    path = write_json(tmp_path / "splits.json", {"train": names[3:], "validation": names[:3]})
    model, before = first_run(tmp_path, scans, path if split == "by a file" else None)
    _folder, after = continued(tmp_path, scans, model, corrected(tmp_path))
    assert ids(after.train) == ids(before.train) | {"scan-1"}
    assert ids(after.validation) == ids(before.validation) != set()


def test_the_same_ones_validate_however_often_it_goes_on(tmp_path: Path, scans: ScansState) -> None:
    model, before = first_run(tmp_path, scans, seed=5)
    entries = []
    for number in range(4):
        entries.append(corrected(tmp_path, f"scan-{number}"))
        model, after = continued(tmp_path, scans, model, *entries)
        assert ids(after.validation) == ids(before.validation)
        assert ids(after.train) == ids(before.train) | {entry["id"] for entry in entries}


@pytest.mark.parametrize("split", ["by the engine", "by a file"])
@pytest.mark.parametrize("role", ["train", "validation"])
def test_a_corrected_scan_of_the_data_is_trained_on_once_with_its_new_labels(
    tmp_path: Path, scans: ScansState, split: str, role: str
) -> None:
    names = [f"case_{number:02}" for number in range(COUNT)]
    path = write_json(tmp_path / "splits.json", {"train": names[3:], "validation": names[:3]})
    model, before = first_run(tmp_path, scans, path if split == "by a file" else None)
    name = sorted(ids(getattr(before, role)))[0]
    entry = corrected(tmp_path, file=str(tmp_path / "images" / f"{name}.nii.gz"))
    _folder, after = continued(tmp_path, scans, model, entry)
    assert ids(after.train) == ids(before.train) | {name}
    assert ids(after.validation) == ids(before.validation) - {name}
    assert len(after.train) + len(after.validation) == COUNT
    (case,) = [case for case in after.train if case.id == name]
    assert case.label == Path(entry["label"])


def test_where_nothing_validated_none_of_those_trained_on_begins_to(tmp_path: Path, scans: ScansState) -> None:
    _model, usual = first_run(tmp_path, scans)
    name = sorted(ids(usual.validation))[0]
    path = write_json(tmp_path / "one.json", {"train": [name]})
    small, _used = a_run(tmp_path / "small", {**as_config(DataChoice.of(scans), tmp_path), "splits": path})
    _folder, after = continued(tmp_path, scans, small, corrected(tmp_path))
    assert ids(after.validation) == ids(usual.validation) - {name} != set()
    assert ids(after.train) == ids(usual.train) | {name, "scan-1"}


@pytest.mark.parametrize("split", ["by the engine", "by a file"])
def test_a_model_from_elsewhere_is_validated_as_a_training_without_the_new_scan(
    tmp_path: Path, scans: ScansState, split: str
) -> None:
    names = [f"case_{number:02}" for number in range(COUNT)]
    path = write_json(tmp_path / "splits.json", {"train": names[3:9], "validation": names[:3]})
    _model, before = first_run(tmp_path, scans, path if split == "by a file" else None)
    _folder, after = continued(tmp_path, scans, tmp_path / "model.zip", corrected(tmp_path))
    assert ids(after.validation) == ids(before.validation)
    # What the file leaves out stays left out.
    assert ids(after.train) == ids(before.train) | {"scan-1"}


def test_a_package_in_the_folder_of_its_run_is_known_as_well(tmp_path: Path, scans: ScansState) -> None:
    model, before = first_run(tmp_path, scans, seed=9)
    _folder, after = continued(tmp_path, scans, model / "model", corrected(tmp_path))
    assert ids(after.validation) == ids(before.validation)


def test_a_run_whose_scans_are_gone_counts_as_unknown(tmp_path: Path, scans: ScansState) -> None:
    _model, before = first_run(tmp_path, scans)
    gone, _used = a_run(tmp_path / "gone", as_config(DataChoice.of(scans), tmp_path / "gone"))
    record = JobFolder(gone).read_record()
    JobFolder(gone).write_record(JobRecord("finetune", parse({"data": {"cases": str(tmp_path / "nowhere.json")}})))
    assert record.config.data.images
    _folder, after = continued(tmp_path, scans, gone, corrected(tmp_path))
    assert ids(after.validation) == ids(before.validation)


def test_scans_of_the_corrected_subject_do_not_validate(tmp_path: Path, scans: ScansState) -> None:
    model, before = first_run(tmp_path, scans)
    name = sorted(ids(before.validation))[0]
    _folder, after = continued(tmp_path, scans, model, corrected(tmp_path, subject=name))
    assert ids(after.validation) == ids(before.validation) - {name}
    assert ids(after.train) == ids(before.train) | {name, "scan-1"}


def test_without_scans_on_disk_the_first_ones_go_on_validating(tmp_path: Path) -> None:
    scans = ScansState(saved=[corrected(tmp_path, f"scan-{number}") for number in range(6)])
    model, before = first_run(tmp_path, scans)
    assert before.validation
    _folder, after = continued(tmp_path, scans, model, *scans.saved, corrected(tmp_path, "scan-new"))
    assert ids(after.validation) == ids(before.validation)
    assert ids(after.train) == ids(before.train) | {"scan-new"}


def test_the_corrected_scan_alone_is_enough(tmp_path: Path) -> None:
    _folder, after = continued(tmp_path, ScansState(), tmp_path / "model.zip", corrected(tmp_path))
    assert (ids(after.train), ids(after.validation)) == ({"scan-1"}, set())
