"""Who is used for what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.imaging.dataset import TrainingCases, training_cases
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map
from Testing.data import real_data
from Testing.imaging.dataset.making_datasets import config, folders, ids, label_array, write_json
from Testing.imaging.making import nifti, numbers, plain_geometry

NAMES = [f"case_{number:02}" for number in range(10)]


def refused(settings: Config, purpose: str, code: str, fact: str) -> None:
    with pytest.raises(SSLSegmentationError, match=fact) as caught:
        training_cases(settings, purpose=purpose)
    assert caught.value.code == code, caught.value


@pytest.fixture
def data(tmp_path: Path) -> dict[str, Any]:
    """Ten labelled cases with splits: seven to train on, three to validate on."""
    settings = folders(tmp_path, 10)
    order = [NAMES[number] for number in (3, 0, 6, 1, 5, 2, 4)]
    return {
        **settings,
        "splits": write_json(tmp_path / "splits.json", {"train": NAMES[:7], "validation": NAMES[7:], "label_order": order}),
    }


def with_splits(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    content = {"train": NAMES[:7], "validation": NAMES[7:], **changes}
    return {**data, "splits": write_json(Path(data["splits"]), content)}


def test_pretraining_takes_all_of_train_without_labels_whatever_the_budget(data: dict[str, Any]) -> None:
    found = training_cases(config(**data, labelled_cases=2), purpose="pretrain")
    assert ids(found.train) == NAMES[:7]
    assert ids(found.validation) == NAMES[7:]
    assert all(case.label is None for case in (*found.train, *found.validation))
    assert len(found.tissues) == 0
    assert found.warnings == ()


def test_finetuning_takes_the_first_of_the_label_order_and_all_of_validation(data: dict[str, Any]) -> None:
    found = training_cases(config(**data, labelled_cases=3), purpose="finetune")
    assert ids(found.train) == ["case_03", "case_00", "case_06"]
    assert ids(found.validation) == NAMES[7:]
    assert found.tissues.values == (1, 2)
    assert found.channels == ("mri",)
    everyone = training_cases(config(**data), purpose="finetune")
    assert sorted(ids(everyone.train)) == NAMES[:7]


def test_the_real_budget_of_nine_is_the_beginning_of_the_label_order() -> None:
    folder = real_data("hippocampus_mri")
    settings = config(dataset=str(folder / "dataset.json"), splits=str(folder / "splits.json"), labelled_cases=9)
    found = training_cases(settings, purpose="finetune")
    assert (len(found.train), len(found.validation)) == (9, 39)
    assert [tissue.name for tissue in found.tissues] == ["Anterior", "Posterior"]
    assert len(training_cases(settings, purpose="pretrain").train) == 156


@pytest.mark.parametrize("key", ["labelled_cases", "labelled_fraction"])
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("split", [True, False])
def test_each_smaller_budget_lies_in_the_larger(data: dict[str, Any], key: str, ordered: bool, split: bool) -> None:
    if not ordered:
        data = with_splits(data)
    if not split:
        data = {name: value for name, value in data.items() if name != "splits"}
    budgets: list[float] = [1, 2, 3, 5, 7] if key == "labelled_cases" else [0.01, 0.2, 0.5, 0.9, 1.0]
    before: TrainingCases | None = None
    for budget in budgets:
        found = training_cases(config(**data, **{key: budget}), purpose="finetune")
        if split:
            assert ids(found.validation) == NAMES[7:]
        if before is not None:
            assert set(ids(before.train)) <= set(ids(found.train))
            assert set(ids(before.validation)) <= set(ids(found.validation))
        before = found
    whole = 7 if split or key == "labelled_cases" else 10
    assert before is not None
    assert len(before.train) + (0 if split else len(before.validation)) == whole


def test_a_fraction_counts_subjects_and_takes_at_least_one(data: dict[str, Any]) -> None:
    subjects = {name: f"person_{number // 2}" for number, name in enumerate(NAMES[:6])}
    data = with_splits(data, subjects=subjects)
    one = training_cases(config(**data, labelled_fraction=0.001), purpose="finetune")
    assert len({case.subject for case in one.train}) == 1
    half = training_cases(config(**data, labelled_fraction=0.5), purpose="finetune")
    assert len({case.subject for case in half.train}) == 2
    assert {case.subject for case in one.train} < {case.subject for case in half.train}
    for subject in ("person_0", "person_1", "person_2"):
        members = [name for name, owner in subjects.items() if owner == subject]
        assert len(set(members) & set(ids(half.train))) in (0, len(members))


def test_a_seeded_order_goes_by_subject_and_changes_with_the_seed(data: dict[str, Any]) -> None:
    data = with_splits(data, subjects={name: f"person_{number // 2}" for number, name in enumerate(NAMES[:6])})
    orders = [ids(training_cases(config(seed, **data), purpose="finetune").train) for seed in (1, 1, 2, 3, 4)]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1
    found = training_cases(config(**data), purpose="finetune").train
    assert len([case for case, after in zip(found, found[1:]) if case.subject != after.subject]) == 3


def test_without_splits_a_fifth_of_the_labelled_subjects_is_held_out_from_both_trainings(data: dict[str, Any]) -> None:
    data.pop("splits")
    tuned = training_cases(config(**data), purpose="finetune")
    assert (len(tuned.train), len(tuned.validation)) == (8, 2)
    pretrained = training_cases(config(**data), purpose="pretrain")
    assert set(ids(pretrained.validation)) == set(ids(tuned.validation))
    assert not set(ids(pretrained.train)) & set(ids(tuned.validation))
    assert "2 scans serve validation" in pretrained.warnings[0]
    few = training_cases(config(**data, labelled_cases=4), purpose="finetune")
    assert (len(few.train), len(few.validation)) == (3, 1)
    assert set(ids(few.validation)) <= set(ids(tuned.validation))


def test_one_labelled_subject_has_no_validation(data: dict[str, Any]) -> None:
    data.pop("splits")
    found = training_cases(config(**data, labelled_cases=1), purpose="finetune")
    assert (len(found.train), found.validation) == (1, ())


def test_a_budget_beyond_the_labelled_cases_is_refused(data: dict[str, Any]) -> None:
    refused(config(**data, labelled_cases=8), "finetune", "config.infeasible", "7 training cases have labels")


def test_images_without_labels_are_allowed_and_said(tmp_path: Path) -> None:
    settings = folders(tmp_path, 6, labelled=4)
    found = training_cases(config(**settings), purpose="finetune")
    assert len(found.train) + len(found.validation) == 4
    assert "2 of 6 cases have no label map" in found.warnings[0]
    everyone = training_cases(config(**settings), purpose="pretrain")
    assert len(everyone.train) == 5


def test_unlabelled_scans_come_before_train_and_never_hold_a_validation_scan(data: dict[str, Any], tmp_path: Path) -> None:
    more = folders(tmp_path / "more", 0)
    for name in ("x", "y", "case_07"):
        nifti(Path(more["images"]) / f"{name}.nii.gz", numbers())
    found = training_cases(config(**data, unlabelled=more["images"]), purpose="pretrain")
    assert ids(found.train) == ["x", "y"]
    assert ids(found.validation) == NAMES[7:]
    assert "case_07" in found.warnings[0]
    same = training_cases(config(**data, unlabelled=data["images"]), purpose="pretrain")
    assert ids(same.train) == NAMES[:7]


def test_a_validation_scan_under_another_name_is_found_by_its_file(data: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    for number, name in ((0, "new"), (8, "other")):
        (tmp_path / "links" / f"{name}.nii.gz").symlink_to(Path(data["images"]) / f"case_{number:02}.nii.gz")
    found = training_cases(config(**data, unlabelled=str(tmp_path / "links")), purpose="pretrain")
    assert ids(found.train) == ["new"]


def test_unlabelled_scans_alone_are_all_trained_on(data: dict[str, Any]) -> None:
    found = training_cases(config(unlabelled=data["images"]), purpose="pretrain")
    assert (ids(found.train), found.validation) == (NAMES, ())
    stopping = config(unlabelled=data["images"])
    stopping = replace(stopping, pretext=replace(stopping.pretext, early_stopping=True))
    held = training_cases(stopping, purpose="pretrain")
    assert (len(held.train), len(held.validation)) == (8, 2)
    split = training_cases(config(unlabelled=data["images"], splits=data["splits"]), purpose="pretrain")
    assert (ids(split.train), ids(split.validation)) == (NAMES[:7], NAMES[7:])


def test_finetuning_without_labels_is_refused(data: dict[str, Any]) -> None:
    refused(config(unlabelled=data["images"]), "finetune", "config.invalid_value", "needs labelled scans")
    refused(config(images=data["images"]), "finetune", "data.no_cases", "No case is left")
    refused(config(), "pretrain", "config.invalid_value", "names no scans")


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"train": [*NAMES[:7], "nobody"]}, "not in the data: nobody"),
        ({"validation": ["nobody"]}, "not in the data: nobody"),
        ({"subjects": {"nobody": "x"}}, "not in the data: nobody"),
        ({"train": NAMES[:8]}, "both train and validation: case_07"),
        ({"train": [NAMES[0], NAMES[0]]}, "twice in train: case_00"),
        ({"label_order": ["case_09"]}, "label_order but not in train: case_09"),
        ({"train": "case_00"}, "'train'"),
        ({"train": [1]}, "'train'"),
        ({"subjects": ["x"]}, "'subjects'"),
        ({"labels": 3}, "'labels'"),
        ({"subjects": {"case_00": "p", "case_09": "p"}}, "both train and validation of splits.json: p"),
    ],
)
def test_splits_that_contradict_themselves_or_the_data_are_refused(
    data: dict[str, Any], changes: dict[str, Any], fact: str
) -> None:
    refused(config(**with_splits(data, **changes)), "finetune", "data.dataset_invalid", fact)


def test_a_splits_file_without_train_is_refused(data: dict[str, Any]) -> None:
    data["splits"] = write_json(Path(data["splits"]), {"validation": NAMES})
    refused(config(**data), "pretrain", "data.dataset_invalid", "no 'train'")


def test_cases_in_no_split_and_unused_keys_are_said(data: dict[str, Any]) -> None:
    found = training_cases(config(**with_splits(data, train=NAMES[:5], test=["x"])), purpose="finetune")
    assert len(found.train) == 5
    assert any("test is not used" in warning for warning in found.warnings)
    assert any("case_05, case_06" in warning for warning in found.warnings)


def test_names_of_the_splits_name_the_tissues(data: dict[str, Any]) -> None:
    found = training_cases(config(**with_splits(data, labels={"0": "background", "1": "tumour"})), purpose="finetune")
    assert [(tissue.value, tissue.name) for tissue in found.tissues] == [(1, "tumour"), (2, "label_2")]


def test_a_validation_case_or_an_ordered_case_without_label_is_refused(data: dict[str, Any]) -> None:
    (Path(data["labels"]) / "case_08.nii.gz").unlink()
    refused(config(**data), "finetune", "data.unpaired", "case_08")
    loose = training_cases(config(**data, strict=False), purpose="finetune")
    assert ids(loose.validation) == ["case_07", "case_09"]
    assert any("case_08" in warning for warning in loose.warnings)
    (Path(data["labels"]) / "case_03.nii.gz").unlink()
    refused(config(**with_splits(data, validation=["case_09"], label_order=["case_03"])), "finetune", "data.unpaired", "case_03")


def test_a_subject_on_both_sides_is_not_trained_on_where_not_strict(data: dict[str, Any]) -> None:
    found = training_cases(
        config(**with_splits(data, subjects={"case_00": "p", "case_09": "p"}), strict=False), purpose="finetune"
    )
    assert "case_00" not in ids(found.train)
    assert any("not trained on" in warning for warning in found.warnings)


def damage(data: dict[str, Any], kind: str) -> str:
    """Makes one training case unusable; gives the code of the error."""
    image, label = (Path(data[name]) / "case_02.nii.gz" for name in ("images", "labels"))
    if kind == "cut image":
        image.write_bytes(image.read_bytes()[:-20])
        return "data.truncated"
    if kind == "nan":
        array = numbers(dtype=np.float32)
        array[0, 0, 0] = np.nan
        nifti(image, array)
        return "data.not_finite"
    if kind == "four volumes":
        nifti(image, np.stack([numbers()] * 4))
        return "data.not_3d"
    if kind == "other grid":
        nifti(label, np.ones((4, 6, 7), np.uint8), plain_geometry((4, 6, 7)))
        return "data.grid_mismatch"
    nifti(label, np.full((5, 6, 7), 0.5, np.float32))
    return "data.not_labels"


@pytest.mark.parametrize("kind", ["cut image", "nan", "four volumes", "other grid", "no label"])
def test_an_unusable_case_is_left_out_with_its_reason_where_not_strict(data: dict[str, Any], kind: str) -> None:
    code = damage(data, kind)
    found = training_cases(config(**data, strict=False), purpose="finetune")
    assert "case_02" not in ids(found.train)
    assert len(found.train) == 6
    assert any("'case_02' is left out" in warning and code in warning for warning in found.warnings)


@pytest.mark.parametrize("kind", ["four volumes", "other grid", "no label"])
def test_an_unusable_case_stops_a_strict_run(data: dict[str, Any], kind: str) -> None:
    refused(config(**data), "finetune", damage(data, kind), "case_02")


def test_a_missing_file_stops_a_strict_run_and_is_left_out_of_another(tmp_path: Path) -> None:
    nifti(tmp_path / "a.nii", numbers())
    cases = write_json(tmp_path / "cases.json", [{"id": name, "images": [f"{name}.nii"]} for name in ("a", "b")])
    refused(config(cases=cases), "pretrain", "data.missing", "b.nii does not exist")
    found = training_cases(config(cases=cases, strict=False), purpose="pretrain")
    assert ids(found.train) == ["a"]
    (tmp_path / "a.nii").unlink()
    refused(config(cases=cases, strict=False), "pretrain", "data.no_cases", "is left out")


def test_cases_of_different_channels_are_refused(tmp_path: Path) -> None:
    nifti(tmp_path / "a.nii", numbers())
    entries = [{"id": name, "images": ["a.nii"] * count} for name, count in (("x", 2), ("y", 2), ("z", 1))]
    cases = write_json(tmp_path / "cases.json", entries)
    refused(config(cases=cases), "pretrain", "data.unpaired_channels", "'z' has 1 channel, the others have 2")
    found = training_cases(config(cases=cases, strict=False), purpose="pretrain")
    assert ids(found.train) == ["x", "y"]
    assert found.channels == ("mri_0", "mri_1")


def test_values_outside_a_given_table_stop_a_run_that_checks_them(data: dict[str, Any], tmp_path: Path) -> None:
    write_tissues(tmp_path / "t.json", TissueTable.of([Tissue(1, "fat", (1, 2, 3))]))
    loose = config(**data, tissues=str(tmp_path / "t.json"), strict=False)
    refused(loose, "finetune", "data.no_cases", r"2 \(42 voxels\)")
    strict = training_cases(config(**data, tissues=str(tmp_path / "t.json")), purpose="finetune")
    assert [tissue.name for tissue in strict.tissues] == ["fat"]


def test_nothing_but_background_is_refused(tmp_path: Path) -> None:
    refused(config(**folders(tmp_path, 3, values=())), "finetune", "data.no_cases", "nothing but background")


def test_a_value_that_no_model_can_have_is_refused_before_training(tmp_path: Path) -> None:
    data = folders(tmp_path, 3)
    large = np.where(label_array(1, 2) == 2, 70000, 0).astype(np.uint32)
    nifti(tmp_path / "labels" / "case_00.nii.gz", large)
    refused(config(**data), "finetune", "data.unsupported", "'label_70000' has the value 70000; .* up to 65535")
    table = TissueTable.of([Tissue(1, "fat", (1, 2, 3)), Tissue(65536, "atlas", (1, 2, 3))])
    write_tissues(tmp_path / "tissues.json", table)
    settings = config(**data, tissues=str(tmp_path / "tissues.json"))
    refused(settings, "finetune", "data.unsupported", "'atlas' has the value 65536")
    assert training_cases(settings, purpose="pretrain").train


def test_segmentations_that_number_their_tissues_differently_share_one_table(tmp_path: Path) -> None:
    settings = folders(tmp_path, 3, labelled=0)
    for number, names in enumerate([("fat", "muscle"), ("muscle", "fat"), ("bone", "fat")]):
        tissues = TissueTable.of([Tissue(value, name, (value, 2, 3)) for value, name in enumerate(names, start=1)])
        path = tmp_path / "labels" / f"case_{number:02}.seg.nrrd"
        write_label_map(path, LabelMap(label_array(1, 2), plain_geometry(), tissues))
    found = training_cases(config(**settings), purpose="finetune")
    assert sorted(tissue.name for tissue in found.tissues) == ["bone", "fat", "muscle"]
    assert sorted(found.tissues.values) == [1, 2, 3]
