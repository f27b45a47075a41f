"""Looking for scans: headers at once, label maps by the worker, problems by name; nothing blocks."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.scans import logic
from SSLSegmentationLib.gui.panels.scans.rows import (
    Found,
    FoundLabel,
    FoundRow,
    all_notes,
    all_problems,
    counts_text,
    label_text,
    with_found,
)
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, ScansState
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import DATA_FOLDER, Settings
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from Testing.data import real_data
from Testing.gui.panels.choosing_scans import pair
from Testing.gui.small_scans import GEOMETRY, SHAPE, labels, nifti, segmentation, write_json
from Testing.harness.watchdog import LONGEST_BLOCK

NONE = TissueTable(())


@pytest.fixture
def session(scene: Any, tmp_path: Path) -> Iterator[Session]:
    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(tmp_path / "data"))
    made = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield made
    made.close()


def look(session: Session, state: ScansState) -> Found:
    return Operation(logic.find(session, state)).wait(timeout=120)


def by_name(found: Found) -> dict[str, FoundRow]:
    return {row.name: row for row in found.rows}


def folder_state(root: Path, **more: Any) -> ScansState:
    return ScansState(labelled=FOLDERS, images=str(root / "images"), labels=str(root / "labels"), **more)


def test_phantoms_in_folders_are_found_with_sizes_labels_and_counts(session: Session, tmp_path: Path) -> None:
    write_phantoms("knee_mri", folder=tmp_path, count=2, seed=0)
    (tmp_path / "labels" / "knee_mri_0001.nii.gz").unlink()
    found = look(session, folder_state(tmp_path))
    assert found.problems == ()
    first, second = found.rows
    assert (first.name, first.labelled, second.labelled) == ("knee_mri_0000", True, False)
    assert first.size is not None and first.spacing is not None
    columns, rows, slices = first.size
    assert columns > slices and rows > slices and first.spacing[2] > first.spacing[0]
    assert first.problems == second.problems == ()
    assert first.labels is not None and len(first.labels) > 2
    assert all(label.voxels for label in first.labels)
    assert counts_text(found.rows, NONE) == "2 scans, 1 labelled"
    assert with_found(NONE, found).values == tuple(label.value for label in first.labels)


@pytest.mark.parametrize("place", [".", "labels"])
def test_a_tissue_table_in_or_beside_the_folder_of_labels_names_them(session: Session, tmp_path: Path, place: str) -> None:
    (tmp_path / "images").mkdir()
    nifti(tmp_path / "images" / "one.nii.gz")
    nifti(tmp_path / "labels" / "one.nii.gz", labels(1, 2))
    rows = [{"value": 1, "name": "Muskel ä", "color": [200, 0, 0]}, {"value": 2, "name": "Fett", "color": [0, 200, 0]}]
    write_json(tmp_path / place / "tissues.json", rows)
    found = look(session, folder_state(tmp_path))
    assert [tissue.name for tissue in with_found(NONE, found)] == ["Muskel ä", "Fett"]


def test_a_decathlon_data_set_names_its_tissues_and_channels(session: Session, tmp_path: Path) -> None:
    nifti(tmp_path / "imagesTr" / "a.nii.gz")
    nifti(tmp_path / "labelsTr" / "a.nii.gz", labels(1, 2))
    training = [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}]
    raw = {"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "front", "2": "back"}, "training": training}
    state = ScansState(labelled=DATASET, dataset=write_json(tmp_path / "dataset.json", raw))
    found = look(session, state)
    table = with_found(NONE, found)
    assert [(tissue.value, tissue.name) for tissue in table] == [(1, "front"), (2, "back")]
    assert label_text(found.rows[0], table) == "front, back"
    write_json(tmp_path / "dataset.json", {**raw, "modality": {"0": "T1", "1": "T2"}})
    assert "holds 1 volume, 2 expected" in look(session, state).rows[0].problems[0]


def test_names_and_colours_come_from_seg_nrrd_headers(session: Session, tmp_path: Path) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    tissues = TissueTable.of([Tissue(4, "fat", (1, 2, 3), "t~u"), Tissue(9, "bone", (4, 5, 6), "")])
    segmentation(tmp_path / "labels" / "a.seg.nrrd", labels(4, 4, 9), tissues)
    found = look(session, folder_state(tmp_path))
    assert with_found(NONE, found).tissues == tissues.tissues
    assert found.rows[0].labels == (FoundLabel(4, "fat", True, 84), FoundLabel(9, "bone", True, 42))


def test_every_broken_file_is_a_problem_of_its_own_row(session: Session, tmp_path: Path) -> None:
    images, maps = tmp_path / "images", tmp_path / "labels"
    for name in ("sound", "truncated", "empty", "not a scan", "röntgen 横断", "cut labels", "other grid", "half", "no labels"):
        nifti(images / f"{name}.nii.gz")
        nifti(maps / f"{name}.nii.gz", labels(1))
    for broken in (images / "truncated.nii.gz", maps / "cut labels.nii.gz"):
        broken.write_bytes(broken.read_bytes()[:-40])
    (images / "empty.nii.gz").write_bytes(b"")
    (images / "not a scan.nii.gz").write_text("this is no scan")
    nifti(maps / "other grid.nii.gz", np.ones((5, 6, 8), np.uint8), geometry=_wider())
    nifti(maps / "half.nii.gz", labels(1).astype(np.float32) / 2)
    nifti(maps / "no labels.nii.gz", labels())
    rows = by_name(look(session, folder_state(tmp_path)))
    bad = {name for name, row in rows.items() if row.problems}
    assert bad == {"truncated", "empty", "not a scan", "cut labels", "other grid", "half"}
    assert "another grid" in rows["other grid"].problems[0]
    assert "whole number" in rows["half"].problems[0]
    assert rows["röntgen 横断"].labels == (FoundLabel(1, "label_1", False, 42),)
    assert rows["no labels"].labels == ()
    assert "background" in rows["no labels"].notes[0]
    assert "Traceback" not in "".join(problem for row in rows.values() for problem in row.problems)


def _wider() -> Any:
    return replace(GEOMETRY, shape=(5, 6, 8))


def test_voxels_of_unlabelled_scans_are_read_only_when_asked_for(session: Session, tmp_path: Path) -> None:
    cut = nifti(tmp_path / "cut.nii.gz")
    cut.write_bytes(cut.read_bytes()[:-40])
    spoilt = np.ones(SHAPE, np.float32)
    spoilt[0, 0, :3] = np.nan
    nifti(tmp_path / "spoilt.nii.gz", spoilt)
    nifti(tmp_path / "sound.nii.gz")
    state = ScansState(unlabelled=str(tmp_path))
    assert all(row.problems == () for row in look(session, state).rows)
    rows = by_name(look(session, replace(state, thorough=True)))
    assert rows["sound"].problems == () and rows["sound"].minimum == 0.0
    assert rows["spoilt"].problems == ("3 of its voxels are NaN or infinite.",)
    assert rows["cut"].problems


def test_a_scan_that_is_both_labelled_and_in_the_unlabelled_folder_has_one_row(session: Session, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        nifti(tmp_path / "images" / f"{name}.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1))
    found = look(session, folder_state(tmp_path, unlabelled=str(tmp_path / "images")))
    assert [row.name for row in found.rows] == ["a", "b", "c"]


def test_what_concerns_no_one_scan_is_said_and_the_other_source_is_still_shown(session: Session, tmp_path: Path) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "b.nii.gz", labels(1))
    nifti(tmp_path / "more" / "u.nii.gz")
    found = look(session, folder_state(tmp_path, unlabelled=str(tmp_path / "more")))
    assert [row.name for row in found.rows] == ["u"]
    assert "no image of the same name" in found.problems[0]
    splits = write_json(tmp_path / "splits.json", {"train": ["u", "zz"], "validation": []})
    (tmp_path / "labels" / "b.nii.gz").rename(tmp_path / "labels" / "a.nii.gz")
    assert "zz" in look(session, folder_state(tmp_path, splits=splits)).problems[0]


def test_a_named_segment_does_not_give_its_name_to_the_same_value_in_label_maps_without_names() -> None:
    unnamed = FoundRow("a", labels=(FoundLabel(1, "label_1"), FoundLabel(2, "label_2")))
    cartilage = TissueTable.from_names({1: "cartilage", 2: "Label_2"})
    named = FoundRow("b", labels=(FoundLabel(1, "cartilage", True), FoundLabel(2, "Label_2", True)), tissues=cartilage)
    for rows in ((unnamed, named), (named, unnamed)):
        table = with_found(NONE, Found(rows))
        assert [(tissue.value, tissue.name) for tissue in table] == [(1, "label_1"), (2, "label_2"), (3, "cartilage")]
        assert table.given
    described = Found((unnamed, named), TissueTable.from_names({1: "bone", 2: "fat"}))
    assert [tissue.name for tissue in with_found(NONE, described)] == ["bone", "fat", "cartilage", "Label_2"]


def test_a_value_that_the_table_lacks_is_a_problem_until_it_is_added(session: Session, tmp_path: Path) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1, 5))
    (row,) = look(session, folder_state(tmp_path)).rows
    table = TissueTable.from_names({1: "fat"}, given=True)
    assert all_problems(row, table) == ("Its label map holds values that the tissue table lacks: 5.",)
    assert counts_text([row], table) == "1 scan, 1 labelled, 1 problem"
    assert all_problems(row, TissueTable.from_names({1: "fat", 5: "bone"}, given=True)) == ()
    named = replace(row, labels=(FoundLabel(8, "Fat", named=True),))
    assert all_problems(named, table) == (), "a file that names its tissues is matched by name"
    assert "8 (skin)" in all_problems(replace(row, labels=(FoundLabel(8, "skin", named=True),)), table)[0]


def test_values_that_do_not_look_like_the_modality_are_noted() -> None:
    row = FoundRow("a", minimum=-1024.0)
    assert "CT" in all_notes(row, "mri")[0]
    assert all_notes(row, "ct") == ()
    assert "HU" in all_notes(replace(row, minimum=0.0), "ct")[0]
    assert all_notes(replace(row, minimum=0.0), "mri") == ()
    assert "takes it for CT" in all_notes(FoundRow("a", modality="ct"), "mri")[0]
    assert all_notes(FoundRow("a"), "mri") == ()


def test_pairs_of_the_scene_are_rows_and_bring_their_tissues(session: Session, tmp_path: Path) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1))
    session.store.save(folder_state(tmp_path), prefix=logic.PREFIX)
    volume, node = pair()
    logic.add_pair(session, volume, node)
    state = logic.add_pair(session, volume, node)
    assert state.pairs() == [(volume.GetID(), node.GetID())]
    assert not len(state.tissue_table()), "names come from the data where there is no table"
    state.set_tissues(TissueTable.from_names({1: "bone"}))
    logic.save_state(session, state)
    state = logic.add_pair(session, volume, node)
    assert [tissue.name for tissue in state.tissue_table()] == ["bone", "cartilage"]
    volume.SetAttribute("DICOM.Modality", "CT")
    found = look(session, logic.load_state(session))
    assert [row.name for row in found.rows] == ["a", "knee"]
    row = found.rows[1]
    assert (row.size, row.labelled, row.modality, row.problems) == ((7, 6, 5), True, "ct", ())
    assert np.allclose(row.spacing or (), (0.8, 0.9, 2.5))
    node.GetSegmentation().RemoveAllSegments()
    assert "no segments" in look(session, logic.load_state(session)).rows[1].problems[0]
    slicer.mrmlScene.RemoveNode(node)
    for known in (state, logic.load_state(session)):
        row = look(session, known).rows[1]
        assert row.name == "knee" and "is no longer in the scene" in row.problems[0]


@pytest.fixture
def no_collections() -> Iterator[None]:
    """A full garbage collection walks through all that the test process has loaded, which is not the step's own time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("no_collections")
def test_a_thousand_files_are_found_quickly_and_in_short_steps(session: Session, tmp_path: Path) -> None:
    first = nifti(tmp_path / "scan_0000.nii.gz")
    for number in range(1, 1000):
        shutil.copyfile(first, tmp_path / f"scan_{number:04}.nii.gz")
    steps, longest, told = logic.find(session, ScansState(unlabelled=str(tmp_path))), (0.0, 0), []
    began = time.process_time()
    while True:
        step = time.process_time()
        try:
            told.append(next(steps))
        except StopIteration as end:
            found = end.value
            break
        longest = max(longest, (time.process_time() - step, len(told)))
    assert len(found.rows) == 1000 and all(row.size == (7, 6, 5) for row in found.rows)
    assert time.process_time() - began < 5.0
    assert longest[0] < LONGEST_BLOCK, f"{1000 * longest[0]:.0f} ms in '{told[longest[1] - 1].text}'"
    assert told[-1].share is not None and told[-1].share > 0.99


def test_stopping_early_leaves_the_rows_that_were_told_and_no_work_behind(session: Session, tmp_path: Path) -> None:
    for number in range(30):
        nifti(tmp_path / "images" / f"{number:02}.nii.gz")
        nifti(tmp_path / "labels" / f"{number:02}.nii.gz", labels(1))
    rows: dict[int, FoundRow] = {}
    operation = Operation(logic.find(session, folder_state(tmp_path), on_row=rows.__setitem__))
    while not any(row.labels is not None for row in rows.values()):
        assert operation.step()
        time.sleep(0.01)
    operation.cancel()
    assert len(rows) == 30 and any(row.labels is None for row in rows.values())
    assert look(session, ScansState(unlabelled=str(tmp_path / "images"))).rows, "the worker goes on"


def test_a_new_scene_begins_with_what_was_chosen_last_and_nonsense_in_the_settings_does_no_harm(session: Session) -> None:
    assert logic.load_state(session) == ScansState()
    tissues = [Tissue(1, "fat", (1, 2, 3)).as_dict()]
    logic.save_state(session, ScansState(unlabelled="u", tissues=tissues, volumes=["v"], segmentations=["s"]))
    slicer.mrmlScene.Clear(0)
    assert logic.load_state(session) == ScansState(unlabelled="u", tissues=tissues)
    assert session.store.load(ScansState, prefix=logic.PREFIX).tissues == tissues, "the new scene has it from now on"
    session.store.save(ScansState(), prefix=logic.PREFIX)
    for nonsense in (7, {"tissues": [{"value": "x"}]}, {"modality": 3, "tissues": 4}):
        session.settings.set(logic.LAST_SCANS, nonsense)
        assert logic.load_state(session) == ScansState()


def test_a_worker_that_cannot_start_is_no_problem_of_a_scan(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1))
    monkeypatch.setattr("SSLSegmentationLib.gui.local_python.local_python", lambda: str(tmp_path / "no-python"))
    with pytest.raises(SSLSegmentationError) as caught:
        look(session, folder_state(tmp_path))
    assert not caught.value.code.startswith("data."), caught.value


def test_the_real_hippocampus_data_set_has_no_problem(session: Session) -> None:
    root = real_data("hippocampus_mri")
    state = ScansState(labelled=DATASET, dataset=str(root / "dataset.json"), splits=str(root / "splits.json"))
    found = look(session, state)
    table = with_found(NONE, found)
    assert counts_text(found.rows, table) == "195 scans, 195 labelled"
    assert [tissue.name for tissue in table] == ["Anterior", "Posterior"]
    assert {label_text(row, table) for row in found.rows} == {"Anterior, Posterior"}
    assert found.problems == ()
