"""Scans: what is in force while a person changes the choice, and what becomes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ctk
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.gui.operation import Operation, Progress
from SSLSegmentationLib.gui.panels.scans import details, logic
from SSLSegmentationLib.gui.panels.scans.found_table import AMBER
from SSLSegmentationLib.gui.panels.scans.rows import told_modality
from SSLSegmentationLib.gui.panels.scans.state import CT, DATASET, FOLDERS, MRI, ScansState
from SSLSegmentationLib.gui.panels.scans.tissue_editor import NAME
from Testing.gui.panels.choosing_scans import choose, choose_folders, open_scans, pair, wait
from Testing.gui.small_scans import labels, nifti, write_json


@pytest.fixture
def panel(open_module: Any) -> Any:
    return open_scans(open_module)


def folders(root: Path, *values: int) -> Path:
    """Two labelled scans whose label maps hold these values."""
    for name in ("one", "two"):
        nifti(root / "images" / f"{name}.nii.gz")
        nifti(root / "labels" / f"{name}.nii.gz", labels(*values))
    return root


def values_in_force(panel: Any) -> list[int]:
    """The tissue table that a training would take now."""
    return [row["value"] for row in logic.load_state(panel.session).tissues]


def test_tissues_of_former_scans_are_not_in_force_for_others_before_these_were_looked_at(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1, 2))
    wait(panel)
    assert values_in_force(panel) == [1, 2]
    choose_folders(panel, folders(tmp_path / "b", 5))
    assert values_in_force(panel) == [], "a training that is started now takes the names from the data"
    panel.progress.cancel_button.click()
    assert "Stopped" in panel.progress.text.text
    assert values_in_force(panel) == [] and panel.tissues.table.rowCount == 0
    panel.look_button.click()
    wait(panel)
    assert values_in_force(panel) == [5]


def test_tissues_stay_in_force_where_the_same_scans_are_looked_at_again_and_that_is_stopped(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1, 2))
    wait(panel)
    panel.thorough.click()
    panel.progress.cancel_button.click()
    assert values_in_force(panel) == [1, 2]


def test_tissues_stay_in_force_where_a_scan_of_the_scene_is_added(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1, 2))
    wait(panel)
    volume, node = pair()
    logic.change_state(panel.session, logic.add_pair(panel.session, volume, node))
    assert panel.operation is not None, "it is looked at"
    assert values_in_force(panel) == [1, 2, 3], "a training that goes on with it numbers its tissues as before"
    wait(panel)
    assert values_in_force(panel) == [1, 2, 3]


def test_tissues_that_a_person_wrote_stay_in_force_for_other_scans(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1, 2))
    wait(panel)
    panel.tissues.table.item(0, NAME).setText("fat")
    choose_folders(panel, folders(tmp_path / "b", 5))
    assert values_in_force(panel) == [1, 2]
    wait(panel)
    assert values_in_force(panel) == [1, 2]


def test_a_scene_holds_no_path(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1))
    panel.unlabelled.setCurrentPath(str(tmp_path / "a" / "images"))
    wait(panel)
    node = panel.session.store.node
    kept = [node.GetParameter(name) for name in node.GetParameterNames()]
    assert any("label_1" in value for value in kept)
    assert [value for value in kept if str(tmp_path) in value] == []
    again = logic.load_state(panel.session)
    assert (again.unlabelled, again.labels) == (str(tmp_path / "a" / "images"), str(tmp_path / "a" / "labels"))


def test_tissues_that_another_scene_was_made_with_are_not_taken_for_those_of_this_computers_scans(
    panel: Any, tmp_path: Path
) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1, 2))
    wait(panel)
    other = ScansState(labelled=FOLDERS, tissues=[{"value": 7, "name": "bone", "color": [1, 2, 3]}])
    node = panel.session.store.node
    for own in (False, True):
        for field, value in (("tissues", other.tissues), ("own_tissues", own)):
            node.SetParameter(f"{logic.PREFIX}.{field}", json.dumps(value))
        assert values_in_force(panel) == ([7] if own else []), "what a person wrote stays"


def test_an_emptied_path_is_no_longer_chosen(panel: Any, tmp_path: Path) -> None:
    folders(tmp_path / "a", 1)
    panel.unlabelled.setCurrentPath(str(tmp_path / "a" / "images"))
    wait(panel)
    assert len(panel.table.rows) == 2
    panel.unlabelled.setCurrentPath("")
    wait(panel)
    assert logic.load_state(panel.session).unlabelled == ""
    assert panel.table.rows == [] and panel.counts.text == "No scans are chosen yet."


@pytest.mark.parametrize("kind", ["unlabelled", "images", "dataset"])
def test_a_path_that_is_not_there_is_said_and_leaves_no_former_scans_on_screen(panel: Any, tmp_path: Path, kind: str) -> None:
    choose_folders(panel, folders(tmp_path / "a", 1))
    wait(panel)
    assert len(panel.table.rows) == 2
    choose(panel, DATASET if kind == "dataset" else FOLDERS)
    if kind == "unlabelled":
        panel.images.setCurrentPath("")
        panel.labels.setCurrentPath("")
    gone = tmp_path / "gone" / "dataset.json"
    panel.paths[kind].setCurrentPath(str(gone))
    assert panel.table.rows == []
    wait(panel)
    assert str(gone) in panel.progress.text.text and "does not exist" in panel.progress.text.text
    assert panel.table.rows == [] and values_in_force(panel) == []


def test_choosing_asks_for_no_file_before_the_window_has_its_turn(
    panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    facts_of = os.stat

    def noting(path: Any, *given: Any, **more: Any) -> Any:
        asked.append(str(path))
        return facts_of(path, *given, **more)

    monkeypatch.setattr(os, "stat", noting)
    panel.unlabelled.setCurrentPath(str(tmp_path / "on a network drive"))
    assert [path for path in asked if "network" in path] == []
    wait(panel)
    assert [path for path in asked if "network" in path] != []


def data_set(root: Path, channel: str) -> str:
    nifti(root / "imagesTr" / "a.nii.gz")
    nifti(root / "labelsTr" / "a.nii.gz", labels(1))
    training = [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}]
    return write_json(root / "dataset.json", {"modality": {"0": channel}, "labels": {"1": "x"}, "training": training})


def test_the_modality_that_a_data_set_names_is_proposed_and_the_person_has_the_last_word(panel: Any, tmp_path: Path) -> None:
    choose(panel, DATASET)
    panel.dataset.setCurrentPath(data_set(tmp_path, "CT"))
    wait(panel)
    assert (panel.modality.currentData, logic.load_state(panel.session).modality) == (CT, CT)
    assert "CT, labelled" in panel.table.widget.item(0, 0).text()
    assert "you chose" not in panel.table.widget.item(0, 0).toolTip()
    panel.modality.setCurrentIndex(panel.modality.findData(MRI))
    assert "CT, labelled" in panel.table.widget.item(0, 0).text(), "what the data set says"
    doubt = panel.table.widget.item(0, 1)
    assert "takes it for CT" in doubt.toolTip() and doubt.foreground().color().name() == AMBER
    panel.look_button.click()
    wait(panel)
    assert logic.load_state(panel.session).modality == MRI


def test_a_modality_that_is_chosen_while_the_search_runs_stays(panel: Any, tmp_path: Path) -> None:
    choose(panel, DATASET)
    panel.dataset.setCurrentPath(data_set(tmp_path, "T2w"))
    panel.modality.setCurrentIndex(panel.modality.findData(CT))
    wait(panel)
    assert logic.load_state(panel.session).modality == CT


def test_scans_that_do_not_tell_their_modality_say_that_it_was_chosen(panel: Any, tmp_path: Path) -> None:
    choose_folders(panel, folders(tmp_path, 1))
    panel.modality.setCurrentIndex(panel.modality.findData(CT))
    wait(panel)
    assert panel.found.modality == "" and logic.load_state(panel.session).modality == CT
    assert "CT is what you chose" in panel.table.widget.item(0, 0).toolTip()


@pytest.mark.parametrize(
    ("channels", "modality"),
    [
        (("CT",), "ct"),
        (("MRI",), "mri"),
        (("mr",), "mri"),
        (("FLAIR", "T1w", "t1gd", "T2w"), "mri"),
        (("T2", "ADC"), "mri"),
        (("CT", "PET"), ""),
        (("CT", "MRI"), ""),
        (("contrast",), ""),
        ((), ""),
    ],
)
def test_names_of_channels_tell_the_modality(channels: tuple[str, ...], modality: str) -> None:
    assert told_modality(channels) == modality


def test_a_long_path_makes_no_panel_wide(panel: Any, host: Any) -> None:
    path = "/data/" + "a long name " * 20
    bare = host(ctk.ctkPathLineEdit())
    bare.setCurrentPath(path)
    assert bare.minimumSizeHint.width() > 1000, "as CTK has it"
    panel.unlabelled.setCurrentPath(path)
    assert panel.unlabelled.minimumSizeHint.width() < 250
    wait(panel)


@pytest.fixture
def deadly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker that dies of every file named "deadly …", and with it all that it has taken on."""
    died = SSLSegmentationError("job.backend_died", "The backend process was ended by signal 11.")
    request_steps, dying = details.request_steps, set()

    def steps(worker: Worker, words: list[str], text: str) -> Any:
        name = Path(words[1]).name
        if name.startswith("deadly"):
            dying.add(name)
        yield Progress(text)
        if name in dying:
            dying.discard(name)
            raise died
        if dying:
            raise died
        return (yield from request_steps(worker, words, text))

    monkeypatch.setattr(details, "request_steps", steps)
    monkeypatch.setattr(Worker, "hello", lambda _worker: {"version": "x"})
    yield


@pytest.mark.usefixtures("deadly")
def test_files_of_which_the_worker_dies_are_named_and_the_others_are_looked_at(panel: Any, tmp_path: Path) -> None:
    for name in ("a", "b", "deadly 1", "c", "deadly 2", "d"):
        nifti(tmp_path / "images" / f"{name}.nii.gz")
        nifti(tmp_path / "labels" / f"{name}.nii.gz", labels(1))
    state = ScansState(labelled=FOLDERS, images=str(tmp_path / "images"), labels=str(tmp_path / "labels"))
    found = Operation(logic.find(panel.session, state)).wait(timeout=60)
    assert {row.name for row in found.rows if row.problems} == {"deadly 1", "deadly 2"}
    assert all("signal 11" in row.problems[0] for row in found.rows if row.problems)
    assert all(row.labels for row in found.rows if not row.problems)


def test_a_worker_that_never_comes_up_is_no_fault_of_a_scan(panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1))

    def dying(worker: Worker, words: list[str], text: str) -> Any:
        yield Progress(text)
        raise SSLSegmentationError("job.backend_died", "The backend process ended with exit code 1.")

    monkeypatch.setattr(details, "request_steps", dying)
    state = ScansState(labelled=FOLDERS, images=str(tmp_path / "images"), labels=str(tmp_path / "labels"))
    with pytest.raises(SSLSegmentationError, match="exit code 1"):
        Operation(logic.find(panel.session, state)).wait(timeout=60)
