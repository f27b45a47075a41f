"""What is chosen in Scans as the data of a config that the engine reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.data_choice import DataChoice, as_config, missing
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, NOWHERE, ScansState
from SSLSegmentationLib.imaging.dataset import TrainingCases, training_cases
from SSLSegmentationLib.imaging.dataset import msd as msd_reader
from Testing.gui.small_scans import labels, nifti, write_json

NAMES = TissueTable.from_names({1: "fat", 2: "muscle"})


def folders(root: Path, count: int) -> dict[str, str]:
    for number in range(count):
        nifti(root / "images" / f"case_{number}.nii.gz")
        nifti(root / "labels" / f"case_{number}.nii.gz", labels(1, 2))
    return {"images": str(root / "images"), "labels": str(root / "labels")}


def dataset(root: Path, count: int) -> str:
    paths = folders(root, count)
    training = [{"image": f"images/case_{number}.nii.gz", "label": f"labels/case_{number}.nii.gz"} for number in range(count)]
    assert Path(paths["images"]).is_dir()
    return write_json(
        root / "dataset.json",
        {"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "fat", "2": "muscle"}, "training": training},
    )


def added(root: Path, name: str = "scan-1") -> dict[str, Any]:
    image, label = nifti(root / name / "image.nii"), nifti(root / name / "labels.nii", labels(1))
    return {"id": name, "subject": name, "images": [str(image)], "label": str(label), "file": ""}


def trained_on(choice: DataChoice, folder: Path, purpose: str) -> TrainingCases:
    data = as_config(choice, folder)
    return training_cases(parse(json.loads(json.dumps({"data": data})), base=folder), purpose=purpose)


def ids(cases: Any) -> list[str]:
    return [case.id for case in cases]


def test_a_data_set_with_its_splits_goes_through_as_it_is(tmp_path: Path) -> None:
    path = dataset(tmp_path, 4)
    splits = write_json(tmp_path / "splits.json", {"train": ["case_0", "case_2", "case_3"], "validation": ["case_1"]})
    state = ScansState(labelled=DATASET, dataset=path, splits=splits, images="left over from before")
    choice = DataChoice.of(state)
    assert as_config(choice, tmp_path / "run") == {"modality": "mri", "dataset": path, "splits": splits}
    cases = trained_on(choice, tmp_path / "run", "finetune")
    assert set(ids(cases.train)) == {"case_0", "case_2", "case_3"}
    assert ids(cases.validation) == ["case_1"]
    assert [tissue.name for tissue in cases.tissues] == ["fat", "muscle"]


def test_folders_and_an_unlabelled_folder_serve_both_commands(tmp_path: Path) -> None:
    nifti(tmp_path / "more" / "u.nii.gz")
    state = ScansState(unlabelled=str(tmp_path / "more"), labelled=FOLDERS, modality="ct", **folders(tmp_path, 2))
    state.set_tissues(NAMES)
    choice = DataChoice.of(state)
    assert ids(trained_on(choice, tmp_path / "run", "pretrain").train) == ["u"]
    cases = trained_on(choice, tmp_path / "run", "finetune")
    assert cases.channels == ("ct",)
    assert len(cases.train) + len(cases.validation) == 2
    assert read_tissues(tmp_path / "run" / "tissues.json") == TissueTable(NAMES.tissues, given=True)


def test_a_kind_that_is_not_chosen_leaves_no_trace(tmp_path: Path) -> None:
    state = ScansState(unlabelled=str(tmp_path), labelled=NOWHERE, splits="s.json", dataset="d.json", **folders(tmp_path, 1))
    assert as_config(DataChoice.of(state), tmp_path / "run") == {"modality": "mri", "unlabelled": str(tmp_path)}


def test_scans_of_the_scene_join_those_on_disk_and_come_first_in_the_splits(tmp_path: Path) -> None:
    splits = write_json(
        tmp_path / "splits.json",
        {
            "train": ["case_0", "case_2"],
            "validation": ["case_1"],
            "label_order": ["case_2", "case_0"],
            "subjects": {"case_0": "s"},
        },
    )
    state = ScansState(labelled=DATASET, dataset=dataset(tmp_path, 3), splits=splits, saved=[added(tmp_path / "kept")])
    choice = DataChoice.of(state)
    cases = trained_on(choice, tmp_path / "run", "finetune")
    assert ids(cases.train) == ["scan-1", "case_2", "case_0"]
    assert ids(cases.validation) == ["case_1"]
    assert {case.id: case.subject for case in cases.train}["case_0"] == "s"


def test_scans_of_the_scene_alone_are_enough(tmp_path: Path) -> None:
    choice = DataChoice.of(ScansState(saved=[added(tmp_path, "scan-1"), {}, added(tmp_path, "scan-2")]))
    cases = trained_on(choice, tmp_path / "run", "finetune")
    assert sorted(ids([*cases.train, *cases.validation])) == ["scan-1", "scan-2"]


def test_the_same_scan_added_twice_counts_once_with_its_later_labels(tmp_path: Path) -> None:
    first, second = added(tmp_path), {**added(tmp_path), "label": str(nifti(tmp_path / "later.nii", labels(1, 2)))}
    cases = trained_on(DataChoice.of(ScansState(saved=[first, second])), tmp_path / "run", "finetune")
    assert [case.label for case in cases.train] == [tmp_path / "later.nii"]


@pytest.mark.parametrize("role", ["train", "validation"])
def test_a_scan_that_was_loaded_from_a_labelled_one_is_that_scan_with_new_labels(tmp_path: Path, role: str) -> None:
    name = {"train": "case_0", "validation": "case_1"}[role]
    entry = {**added(tmp_path / "kept"), "file": str(tmp_path / "images" / f"{name}.nii.gz")}
    splits = write_json(tmp_path / "splits.json", {"train": ["case_0", "case_2"], "validation": ["case_1"]})
    state = ScansState(labelled=DATASET, dataset=dataset(tmp_path, 3), splits=splits, saved=[added(tmp_path / "old"), entry])
    state.saved[0] = {**state.saved[0], "id": "scan-0", "file": entry["file"]}
    cases = trained_on(DataChoice.of(state), tmp_path / "run", "finetune")
    assert sorted(ids([*cases.train, *cases.validation])) == ["case_0", "case_1", "case_2"]
    (changed,) = [case for case in getattr(cases, role) if case.id == name]
    assert (changed.label, changed.images) == (Path(entry["label"]), (Path(entry["images"][0]),))


def test_scans_with_several_channels_in_a_file_cannot_be_joined(tmp_path: Path) -> None:
    path = dataset(tmp_path, 1)
    raw = json.loads(Path(path).read_text())
    write_json(Path(path), {**raw, "modality": {"0": "T1", "1": "T2"}})
    assert len(msd_reader.msd_cases(Path(path)).channels) == 2
    choice = DataChoice.of(ScansState(labelled=DATASET, dataset=path, saved=[added(tmp_path)]))
    with pytest.raises(SSLSegmentationError, match="several channels") as caught:
        as_config(choice, tmp_path / "run")
    assert caught.value.code == "config.conflict"


def test_nothing_chosen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError, match="No scans") as caught:
        as_config(DataChoice(), tmp_path)
    assert caught.value.code == "config.invalid_value"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("state", "command", "fact"),
    [
        (ScansState(), "pretrain", "folder of scans"),
        (ScansState(unlabelled="u"), "pretrain", ""),
        (ScansState(unlabelled="u"), "finetune", "labelled scans"),
        (ScansState(labelled=FOLDERS, images="i"), "pretrain", ""),
        (ScansState(labelled=FOLDERS, images="i"), "finetune", "label maps"),
        (ScansState(labelled=FOLDERS, labels="l"), "pretrain", "folder of images"),
        (ScansState(labelled=DATASET), "finetune", "labelled scans"),
        (ScansState(volumes=["v"], segmentations=["s"]), "finetune", ""),
        (ScansState(volumes=["v"], segmentations=[""]), "finetune", "no longer in the scene"),
        (ScansState(unlabelled="u", volumes=[""], segmentations=["s"]), "pretrain", "no longer in the scene"),
        (ScansState(saved=[{"id": "a", "subject": "a", "images": ["i"], "label": "l", "file": ""}]), "finetune", ""),
    ],
)
def test_what_is_still_missing_is_said_before_a_run_starts(state: ScansState, command: str, fact: str) -> None:
    said = missing(state, command=command)
    assert fact in said
    assert bool(said) == bool(fact)
