"""Labelled scans from the scene that were saved: they outlive the scene, are shown, and can be removed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import slicer

from SSLSegmentationLib.gui.data_choice import FINETUNE, DataChoice, missing
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.scans import logic
from SSLSegmentationLib.gui.panels.scans.state import FOLDERS, ScansState, SceneScan
from SSLSegmentationLib.gui.training_data import data_section
from Testing.gui.panels.choosing_scans import open_scans, pair, wait
from Testing.gui.small_scans import labels, nifti


@pytest.fixture
def panel(open_module: Any) -> Any:
    return open_scans(open_module)


def lines(panel: Any) -> list[str]:
    return [panel.scene.pairs.item(row).text() for row in range(panel.scene.pairs.count)]


def trained(panel: Any, folder: Path) -> dict[str, Any]:
    """What a training does first."""
    return Operation(data_section(panel.session, folder, command=FINETUNE)).wait(60)


def test_a_saved_scan_outlives_the_scene_and_the_application(panel: Any, open_module: Any, tmp_path: Path) -> None:
    logic.add_pair(panel.session, *pair())
    first = trained(panel, tmp_path / "first")
    slicer.mrmlScene.Clear(0)
    wait(panel)
    (entry,) = panel.state.saved
    assert lines(panel) == [f"saved: {entry['id']}"]
    assert panel.counts.text == "1 scan, 1 labelled"
    assert (panel.table.rows[0].name, panel.table.rows[0].problems) == (entry["id"], ())
    assert [label.name for label in panel.table.rows[0].labels] == ["cartilage"]
    assert missing(logic.load_state(panel.session), command=FINETUNE) == ""
    again = open_module()
    again.session.store.save(ScansState(), prefix=logic.PREFIX)
    state = logic.load_state(again.session)
    assert state.saved == [entry]
    second = Operation(data_section(again.session, tmp_path / "second", command=FINETUNE)).wait(60)
    assert Path(first["cases"]).read_text() == Path(second["cases"]).read_text()


def test_a_saved_scan_can_be_removed_from_the_list(panel: Any, tmp_path: Path) -> None:
    for seed in range(2):
        logic.add_pair(panel.session, *pair(f"knee {seed}", seed=seed))
    trained(panel, tmp_path / "run")
    slicer.mrmlScene.Clear(0)
    wait(panel)
    kept = panel.state.saved[1]
    panel.scene.pairs.item(0).setSelected(True)
    panel.scene.remove_button.click()
    wait(panel)
    assert panel.state.saved == [kept] == logic.load_state(panel.session).saved
    assert lines(panel) == [f"saved: {kept['id']}"]


def test_a_pair_that_is_added_again_after_it_was_saved_is_there_once(panel: Any, tmp_path: Path) -> None:
    logic.add_pair(panel.session, *pair())
    trained(panel, tmp_path / "first")
    slicer.mrmlScene.Clear(0)
    volume, node = pair()
    logic.add_pair(panel.session, volume, node)
    panel.enter()
    assert len(lines(panel)) == 2
    trained(panel, tmp_path / "second")
    assert lines(panel) == ["knee + knee labels"], "the training told the panel"
    assert len(DataChoice.of(logic.load_state(panel.session)).added) == 1


def test_a_pair_that_lost_a_node_before_it_was_saved_is_named_and_stops_a_training(panel: Any) -> None:
    volume, node = pair()
    logic.add_pair(panel.session, volume, node)
    panel.enter()
    slicer.mrmlScene.RemoveNode(node)
    panel.enter()
    wait(panel)
    assert lines(panel) == ["⚠ gone: knee + ?"]
    (row,) = panel.table.rows
    assert row.name == "knee" and "add it again" in row.problems[0]
    assert "no longer in the scene" in missing(logic.load_state(panel.session), command=FINETUNE)
    panel.scene.pairs.item(0).setSelected(True)
    panel.scene.remove_button.click()
    wait(panel)
    assert panel.state == ScansState()


def test_a_saved_scan_whose_files_are_gone_is_a_problem_of_its_row(panel: Any, tmp_path: Path) -> None:
    logic.add_pair(panel.session, *pair())
    trained(panel, tmp_path / "run")
    slicer.mrmlScene.Clear(0)
    wait(panel)
    shutil.rmtree(Path(panel.state.saved[0]["label"]).parent)
    panel.look_button.click()
    wait(panel)
    assert "does not exist" in panel.table.rows[0].problems[0]


def test_a_scan_that_was_loaded_from_the_folder_is_its_row_with_new_labels(panel: Any, tmp_path: Path) -> None:
    image = nifti(tmp_path / "images" / "a.nii.gz")
    nifti(tmp_path / "labels" / "a.nii.gz", labels(1, 2))
    nifti(tmp_path / "images" / "b.nii.gz")
    nifti(tmp_path / "labels" / "b.nii.gz", labels(1, 2))
    state = ScansState(labelled=FOLDERS, images=str(tmp_path / "images"), labels=str(tmp_path / "labels"))
    volume = slicer.util.loadVolume(str(image))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "corrected")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.GetSegmentation().AddEmptySegment("s1", "label_2")
    slicer.util.updateSegmentBinaryLabelmapFromArray(labels(0, 1, 1), node, "s1", volume)
    state.add(SceneScan(volume.GetID(), node.GetID()))
    logic.change_state(panel.session, state)
    trained(panel, tmp_path / "run")
    slicer.mrmlScene.Clear(0)
    wait(panel)
    assert panel.state.saved[0]["file"] == str(image)
    assert [row.name for row in panel.table.rows] == ["a", "b"]
    assert panel.table.rows[0].label == Path(panel.state.saved[0]["label"])


@pytest.mark.parametrize("nonsense", [[7], [{"id": "a"}], [{"id": "a", "subject": "a", "images": "i", "label": "l", "file": ""}]])
def test_entries_that_are_none_are_not_used(panel: Any, nonsense: Any) -> None:
    panel.session.settings.set(logic.LAST_SCANS, {"unlabelled": "u", "saved": nonsense})
    panel.session.store.save(ScansState(), prefix=logic.PREFIX)
    assert logic.load_state(panel.session) == ScansState()
