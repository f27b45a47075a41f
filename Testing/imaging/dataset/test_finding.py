"""Cases of data sets: dataset.json, folders, lists, unlabelled scans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging.dataset import CaseList, find_cases
from SSLSegmentationLib.imaging.dataset.case_list import label_names
from Testing.data import real_data
from Testing.imaging.dataset.making_datasets import folders, ids, write_json
from Testing.imaging.making import nifti, numbers

MSD: dict[str, Any] = {
    "modality": {"0": "T1", "1": "T2"},
    "labels": {"0": "background", "1": "front", "2": "back"},
    "training": [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}, {"image": "imagesTr/b.nii.gz"}],
    "test": ["./imagesTs/c.nii.gz"],
}


def refused(code: str, fact: str, **data: Any) -> None:
    with pytest.raises(SSLSegmentationError, match=fact) as caught:
        find_cases(DataConfig(**data))
    assert caught.value.code == code, caught.value


def msd(tmp_path: Path, **changes: Any) -> dict[str, str]:
    for name in ("imagesTr/a", "imagesTr/b", "labelsTr/a", "imagesTs/c"):
        path = tmp_path / f"{name}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        nifti(path, np.stack([numbers(), numbers()]) if "images" in name else np.ones((5, 6, 7), np.uint8))
    return {"dataset": write_json(tmp_path / "dataset.json", {**MSD, **changes})}


def test_a_decathlon_data_set_gives_channels_names_and_volumes(tmp_path: Path) -> None:
    found = find_cases(DataConfig(**msd(tmp_path)))
    assert ids(found.cases) == ["a", "b"]
    assert found.channels == ("T1", "T2")
    assert found.cases[0].volumes == (0, 1)
    assert found.cases[0].images == (tmp_path / "imagesTr" / "a.nii.gz",) * 2
    assert found.cases[0].label == tmp_path / "labelsTr" / "a.nii.gz"
    assert found.cases[1].label is None
    assert [tissue.name for tissue in found.tissues] == ["front", "back"]
    assert not found.tissues.given
    assert all(case.problems == () for case in found.cases)


def test_the_real_hippocampus_data_set_is_found() -> None:
    found = find_cases(DataConfig(dataset=str(real_data("hippocampus_mri") / "dataset.json")))
    assert len(found.cases) == 195
    assert found.channels == ("MRI",)
    assert found.cases[0].volumes == (None,)


def test_missing_files_of_a_data_set_are_problems_of_their_case(tmp_path: Path) -> None:
    data = msd(tmp_path)
    (tmp_path / "labelsTr" / "a.nii.gz").unlink()
    case = find_cases(DataConfig(**data)).cases[0]
    assert len(case.problems) == 1 and "labelsTr" in case.problems[0]


def test_a_large_data_set_asks_for_its_folders_and_for_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = msd(tmp_path)
    for number in range(50):
        (tmp_path / "imagesTr" / f"{number}.nii.gz").touch()
    training = [{"image": f"imagesTr/{number}.nii.gz"} for number in range(51)]
    named = [{"id": str(number), "images": [entry["image"]]} for number, entry in enumerate(training)]
    listed = write_json(tmp_path / "cases.json", named)
    msd(tmp_path, training=training)
    asked: list[Path] = []
    is_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: asked.append(path) or is_file(path))
    for source in (data, {"cases": listed}, {"unlabelled": data["dataset"]}):
        asked.clear()
        found = find_cases(DataConfig(**source))
        assert [case.id for case in found.cases if case.problems] == ["50"]
        scans = [path for path in asked if path.suffix == ".gz"]
        assert {path.name for path in scans} == {"50.nii.gz"}, "only what the folder's listing lacks is asked for"


def test_a_file_that_is_there_in_letters_of_another_case_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = msd(tmp_path, training=[{"image": "imagesTr/A.nii.gz"}])
    assert find_cases(DataConfig(**data)).cases[0].problems
    lower = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: lower(path.with_name(path.name.lower())))
    assert find_cases(DataConfig(**data)).cases[0].problems == ()


@pytest.mark.parametrize("name", ["../a.nii.gz", "imagesTr/../../a.nii.gz", "/etc/passwd", "a\0.nii", "."])
def test_paths_that_leave_the_data_set_are_refused(tmp_path: Path, name: str) -> None:
    refused("data.dataset_invalid", "outside of the data set", **msd(tmp_path, training=[{"image": name}]))


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"training": 3}, "'training'"),
        ({"training": [3]}, "entry 1"),
        ({"training": [{"label": "a"}]}, "entry 1"),
        ({"training": [{"image": "imagesTr/a.nii.gz", "label": 4}]}, "entry 1"),
        ({"training": [{"image": "imagesTr/a.nii.gz"}, {"image": "imagesTs/a.nii.gz"}]}, "two cases 'a'"),
        ({"modality": {}}, "'modality'"),
        ({"modality": {"0": "T1", "2": "T2"}}, "'modality'"),
        ({"modality": "MRI"}, "'modality'"),
        ({"labels": [1, 2]}, "'labels'"),
        ({"labels": {"one": "front"}}, "'one'"),
        ({"labels": {"1": 3}}, "3"),
    ],
)
def test_an_invalid_data_set_is_refused_by_its_entry(tmp_path: Path, changes: dict[str, Any], fact: str) -> None:
    if changes.get("labels") == {"1": 3}:
        assert [tissue.name for tissue in label_names({"1": 3}, source="x")] == ["1"]
        return
    refused("data.dataset_invalid", fact, **msd(tmp_path, **changes))


def test_a_data_set_without_cases_or_that_is_no_json_is_refused(tmp_path: Path) -> None:
    refused("data.no_cases", "no training case", **msd(tmp_path, training=[]))
    refused("data.missing", "does not exist", dataset=str(tmp_path / "no.json"))
    (tmp_path / "x.json").write_text("{")
    refused("data.dataset_invalid", "not JSON", dataset=str(tmp_path / "x.json"))
    (tmp_path / "x.json").write_text("[1]")
    refused("data.dataset_invalid", "not a data set", dataset=str(tmp_path / "x.json"))


def test_labels_written_name_first_are_understood() -> None:
    names = label_names({"background": 0, "front": 1, "back": 2}, source="x")
    assert [(tissue.value, tissue.name) for tissue in names] == [(1, "front"), (2, "back")]
    with pytest.raises(SSLSegmentationError):
        label_names({"front": 1, "back": 1}, source="x")


def test_folders_pair_by_equal_stem_whatever_the_suffix(tmp_path: Path) -> None:
    data = folders(tmp_path, 3, labelled=2)
    (tmp_path / "images" / "._case_00.nii.gz").write_bytes(b"hidden")
    (tmp_path / "images" / "notes.txt").write_text("x")
    found = find_cases(DataConfig(**data, modality="ct"))
    assert ids(found.cases) == ["case_00", "case_01", "case_02"]
    assert [case.label is not None for case in found.cases] == [True, True, False]
    assert found.channels == ("ct",)
    assert len(find_cases(DataConfig(images=data["images"])).cases) == 3


def test_a_label_map_without_image_is_refused(tmp_path: Path) -> None:
    data = folders(tmp_path, 2)
    (tmp_path / "images" / "case_01.nii.gz").unlink()
    refused("data.unpaired", "case_01", **data)


def test_two_files_of_one_stem_are_refused(tmp_path: Path) -> None:
    data = folders(tmp_path, 2)
    nifti(tmp_path / "images" / "case_01.nii", numbers())
    refused("data.dataset_invalid", "same name", **data)


def test_folders_that_are_missing_or_empty_are_refused(tmp_path: Path) -> None:
    refused("data.missing", "does not exist", images=str(tmp_path / "no"))
    refused("data.empty", "no scan", images=str(tmp_path))
    refused("config.invalid_value", "names no scans")


def listed(tmp_path: Path, *entries: Any) -> dict[str, str]:
    for name in ("a", "b", "l"):
        nifti(tmp_path / f"{name}.nii", numbers())
    return {"cases": write_json(tmp_path / "cases.json", list(entries))}


def test_a_list_gives_ids_subjects_and_channels(tmp_path: Path) -> None:
    entries = [
        {"id": "x", "subject": "s", "images": ["a.nii", "b.nii"], "label": "l.nii"},
        {"id": "y", "images": ["a.nii", "c.nii"]},
    ]
    found = find_cases(DataConfig(**listed(tmp_path, *entries)))
    assert [(case.id, case.subject) for case in found.cases] == [("x", "s"), ("y", "y")]
    assert found.cases[0].images == (tmp_path / "a.nii", tmp_path / "b.nii")
    assert found.cases[0].label == tmp_path / "l.nii"
    assert found.channels == ("mri_0", "mri_1")
    assert "c.nii does not exist" in found.cases[1].problems[0]


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        (3, "not a table"),
        ({"images": ["a.nii"]}, "'id'"),
        ({"id": "", "images": ["a.nii"]}, "'id'"),
        ({"id": "../x", "images": ["a.nii"]}, "slash"),
        ({"id": "x", "subject": 3, "images": ["a.nii"]}, "'subject'"),
        ({"id": "x", "images": []}, "'images'"),
        ({"id": "x", "images": "a.nii"}, "'images'"),
        ({"id": "x", "images": ["a.nii"], "label": 3}, "'label'"),
        ({"id": "x", "images": ["a.nii"], "labels": "l.nii"}, "'labels' is not one of"),
    ],
)
def test_an_invalid_entry_of_a_list_is_refused(tmp_path: Path, entry: Any, fact: str) -> None:
    refused("data.dataset_invalid", fact, **listed(tmp_path, entry))


def test_a_list_with_doubled_ids_or_none_is_refused(tmp_path: Path) -> None:
    refused("data.dataset_invalid", "two cases 'x'", **listed(tmp_path, *[{"id": "x", "images": ["a.nii"]}] * 2))
    refused("data.dataset_invalid", "not a list", **listed(tmp_path))


def unlabelled(*sources: Path) -> CaseList:
    return find_cases(DataConfig(unlabelled=tuple(map(str, sources)) if len(sources) != 1 else str(sources[0])))


def test_unlabelled_scans_come_from_files_folders_and_data_sets_and_count_once(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    msd(tmp_path / "set")
    data = folders(tmp_path / "more", 2)
    file = Path(data["images"]) / "case_00.nii.gz"
    assert ids(unlabelled(file).cases) == ["case_00"]
    assert ids(unlabelled(Path(data["images"])).cases) == ["case_00", "case_01"]
    for path in (tmp_path / "set", tmp_path / "set" / "dataset.json"):
        found = unlabelled(path)
        assert ids(found.cases) == ["a", "b", "c"]
        assert found.channels == ("T1", "T2")
        assert all(case.label is None for case in found.cases)
    assert ids(unlabelled(file, Path(data["images"]), file).cases) == ["case_00", "case_01"]
    listed(tmp_path)
    many = write_json(tmp_path / "list.json", [{"id": "x", "images": ["a.nii"], "label": "missing.nii"}])
    assert unlabelled(Path(many)).cases[0].problems == ()


def test_unlabelled_scans_that_are_missing_or_share_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SSLSegmentationError, match="does not exist"):
        unlabelled(tmp_path / "no.nii")
    for name in ("one", "two"):
        folders(tmp_path / name, 1)
    with pytest.raises(SSLSegmentationError, match="two cases 'case_00'"):
        unlabelled(tmp_path / "one" / "images", tmp_path / "two" / "images")


def test_a_given_tissue_table_replaces_the_names_of_the_data_set(tmp_path: Path) -> None:
    table = TissueTable.of([Tissue(1, "fat", (1, 2, 3))], given=True)
    write_tissues(tmp_path / "t.json", table)
    assert find_cases(DataConfig(**msd(tmp_path), tissues=str(tmp_path / "t.json"))).tissues == table
