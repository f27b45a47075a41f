"""Scans: chosen and corrected as a person does it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import qt
import slicer

from SSLSegmentationLib.gui.data_choice import missing
from SSLSegmentationLib.gui.panels.scans import logic
from SSLSegmentationLib.gui.panels.scans.found_table import RED
from SSLSegmentationLib.gui.panels.scans.state import DATASET, FOLDERS, ScansState
from SSLSegmentationLib.gui.panels.scans.tissue_editor import COLOR, NAME, TERMINOLOGY, VALUE, meaning
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.imaging.phantoms.folder import write_phantoms
from Testing.gui.panels.choosing_scans import choose, choose_folders, open_scans, pair, wait
from Testing.gui.small_scans import labels, nifti, write_json
from Testing.harness.pictures import save_picture
from Testing.harness.watchdog import LONGEST_BLOCK, pump

PICTURES = os.environ.get("SSLSEG_TEST_PICTURES", "")


@pytest.fixture
def panel(open_module: Any) -> Any:
    return open_scans(open_module)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three scans with label maps, of which the last is broken, and one without."""
    for number in range(4):
        nifti(tmp_path / "images" / f"scan {number}.nii.gz")
        if number < 3:
            nifti(tmp_path / "labels" / f"scan {number}.nii.gz", labels(1, 2))
    broken = tmp_path / "labels" / "scan 2.nii.gz"
    broken.write_bytes(broken.read_bytes()[:-30])
    return tmp_path


def cell(panel: Any, line: int, column: int) -> Any:
    return panel.table.widget.item(line, column)


def test_chosen_folders_are_looked_at_at_once_and_problems_stand_in_red(panel: Any, folders: Path, watchdog: Any) -> None:
    choose_folders(panel, folders)
    wait(panel)
    assert panel.counts.text == "4 scans, 3 labelled, 1 problem"
    assert cell(panel, 0, 0).text() == "scan 0\nMRI, labelled, 7 × 6 × 5\n0.8 × 0.9 × 2.5 mm"
    assert cell(panel, 0, 1).text() == "label_1, label_2"
    broken = cell(panel, 2, 1)
    assert broken.text().startswith("⚠ The label map") and broken.foreground().color().name() == RED
    assert "scan 2.nii.gz" in broken.toolTip() and len(broken.toolTip()) > 40
    panel.only_problems.click()
    assert [panel.table.widget.isRowHidden(line) for line in range(4)] == [True, True, False, True]
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest


def test_the_state_holds_what_other_panels_need_and_survives_closing_the_panel(panel: Any, folders: Path) -> None:
    choose_folders(panel, folders)
    panel.modality.setCurrentIndex(1)
    wait(panel)
    state = logic.load_state(panel.session)
    assert (state.labelled, state.images, state.modality) == (FOLDERS, str(folders / "images"), "ct")
    assert [row["name"] for row in state.tissues] == ["label_1", "label_2"]
    assert missing(state, command="finetune") == ""
    assert "CT, labelled" in cell(panel, 0, 0).text()


def test_the_tissue_table_is_filled_from_the_data_and_follows_the_person(panel: Any, folders: Path, dialogs: Any) -> None:
    choose_folders(panel, folders)
    wait(panel)
    table = panel.tissues.table
    table.item(0, NAME).setText("fat")
    assert panel.state.tissues[0]["name"] == "fat"
    assert cell(panel, 0, 1).text() == "fat, label_2"
    dialogs.color = "#102030"
    table.cellClicked.emit(0, COLOR)
    dialogs.text = "GA~SCT^1^Tissue~SCT^2^Body fat~^^~x~^^~^^"
    table.cellDoubleClicked.emit(0, TERMINOLOGY)
    assert panel.state.tissues[0]["color"] == [16, 32, 48]
    assert table.item(0, TERMINOLOGY).text() == "Body fat"
    table.item(1, VALUE).setText("7")
    assert "lacks: 2" in cell(panel, 0, 1).toolTip()
    assert panel.counts.text == "4 scans, 3 labelled, 3 problems"
    panel.look_button.click()
    wait(panel)
    assert [row["value"] for row in panel.state.tissues] == [1, 7], "what a person wrote stays"
    panel.tissues.fill_button.click()
    assert [row["name"] for row in panel.state.tissues] == ["label_1", "label_2"]
    assert panel.counts.text == "4 scans, 3 labelled, 1 problem"


def test_tissues_are_added_and_removed_and_nonsense_is_refused(panel: Any) -> None:
    table = panel.tissues.table
    panel.tissues.add_button.click()
    panel.tissues.add_button.click()
    assert [row["value"] for row in panel.state.tissues] == [1, 2]
    for text, fault in (("0", "whole number"), ("1", "label_1"), ("x", "whole number")):
        table.item(1, VALUE).setText(text)
        assert fault in panel.tissues.note.text and table.item(1, VALUE).text() == "2"
    table.item(1, NAME).setText("LABEL_1")
    assert "another tissue" in panel.tissues.note.text
    table.item(1, NAME).setText(" ")
    assert "needs a name" in panel.tissues.note.text and panel.tissues.note.visible
    table.item(1, NAME).setText("bone")
    assert not panel.tissues.note.visible
    table.cellClicked.emit(0, NAME)
    table.cellClicked.emit(0, COLOR)
    table.cellDoubleClicked.emit(0, TERMINOLOGY)
    assert panel.state.tissues[0]["color"] == [230, 159, 0], "a cancelled dialog changes nothing"
    table.selectRow(0)
    panel.tissues.remove_button.click()
    assert [(row["value"], row["name"]) for row in panel.state.tissues] == [(2, "bone")]


def test_a_pair_of_the_scene_is_added_shown_and_removed(panel: Any) -> None:
    volume, node = pair()
    panel.scene.widget.collapsed = False
    panel.scene.volume.setCurrentNode(volume)
    panel.scene.segmentation.setCurrentNode(node)
    panel.scene.add_button.click()
    wait(panel)
    assert panel.state.pairs() == [(volume.GetID(), node.GetID())]
    assert panel.scene.pairs.item(0).text() == "knee + knee labels"
    assert not panel.scene.widget.collapsed
    assert panel.counts.text == "1 scan, 1 labelled"
    assert [row["name"] for row in panel.state.tissues] == ["cartilage"]
    panel.scene.pairs.item(0).setSelected(True)
    panel.scene.remove_button.click()
    wait(panel)
    assert panel.state.pairs() == [] and panel.table.rows == []
    assert slicer.mrmlScene.GetNodeByID(volume.GetID()) is volume


def test_the_current_ones_are_the_shown_volume_and_its_edited_segmentation(panel: Any) -> None:
    (volume, node), (_other, other_node) = pair("shown"), pair("other")
    panel.scene.widget.collapsed = False
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetBackgroundVolumeID(volume.GetID())
    panel.scene.add_current_button.click()
    assert panel.state.pairs() == [(volume.GetID(), node.GetID())]
    editor = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    editor.SetAndObserveSegmentationNode(other_node)
    editor.SetAndObserveSourceVolumeNode(volume)
    assert display.edited_segmentation(volume) is other_node
    panel.scene.add_current_button.click()
    assert panel.state.pairs() == [(volume.GetID(), other_node.GetID())], "a volume has one segmentation"
    wait(panel)


def test_without_a_volume_nothing_is_added_and_the_reason_is_said(panel: Any, events: Any) -> None:
    panel.scene.widget.collapsed = False
    panel.scene.add_current_button.click()
    assert "volume and a segmentation" in events.texts[-1]
    assert panel.state.pairs() == []


def test_stopping_keeps_what_was_found_so_far(panel: Any, tmp_path: Path) -> None:
    for number in range(40):
        nifti(tmp_path / "images" / f"{number}.nii.gz")
        nifti(tmp_path / "labels" / f"{number}.nii.gz", labels(1))
    choose_folders(panel, tmp_path)
    assert pump(lambda: len(panel.table.rows) == 40)
    panel.progress.cancel_button.click()
    assert panel.operation is None and "Stopped" in panel.progress.text.text
    assert panel.counts.text == "40 scans, 40 labelled"
    panel.look_button.click()
    panel.thorough.click()
    wait(panel)
    assert panel.progress.text.text == ""
    assert all(row.labels for row in panel.table.rows)


def test_an_incomplete_or_wrong_choice_is_said_in_the_panel(panel: Any, tmp_path: Path) -> None:
    choose(panel, DATASET)
    panel.dataset.setCurrentPath(str(tmp_path / "no such file.json"))
    wait(panel)
    assert "no such file.json does not exist" in panel.progress.text.text
    panel.dataset.setCurrentPath(write_json(tmp_path / "dataset.json", {"training": 3}))
    wait(panel)
    assert "dataset.json" in panel.progress.text.text
    assert panel.counts.text == "No scans are chosen yet."
    assert [panel.dataset.visible, panel.images.visible] == [True, False]


def test_closing_the_scene_leaves_paths_and_names_pairs_that_were_not_saved(panel: Any, folders: Path) -> None:
    volume, node = pair()
    choose_folders(panel, folders)
    panel.tissues.add_button.click()
    logic.add_pair(panel.session, volume, node)
    panel.enter()
    slicer.mrmlScene.Clear(0)
    wait(panel)
    assert panel.state.pairs() == []
    assert panel.state.images == str(folders / "images")
    assert panel.state.own_tissues
    assert [row.name for row in panel.table.rows] == [*(f"scan {number}" for number in range(4)), "(gone)"]
    assert panel.table.rows[-1].problems


def test_closing_the_scene_keeps_what_was_found_on_disk(panel: Any, folders: Path) -> None:
    choose_folders(panel, folders)
    wait(panel)
    found = panel.found
    slicer.mrmlScene.Clear(0)
    assert panel.operation is None and panel.found is found
    panel.look()
    slicer.mrmlScene.Clear(0)
    wait(panel)
    assert panel.found is not None and panel.counts.text == "4 scans, 3 labelled, 1 problem", "it was begun again"


def test_the_box_of_pairs_stays_folded_until_one_is_added(panel: Any) -> None:
    for name in ("knee", "other knee"):
        logic.change_state(panel.session, logic.add_pair(panel.session, *pair(name)))
        assert not panel.scene.widget.collapsed
        panel.scene.widget.collapsed = True
        panel.show_state()
        assert panel.scene.widget.collapsed


def test_only_so_many_scans_have_a_line_but_each_problem_has(panel: Any, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("SSLSegmentationLib.gui.panels.scans.found_table.MOST_LINES", 1)
    monkeypatch.setattr("SSLSegmentationLib.gui.panels.scans.view.MOST_LINES", 1)
    choose_folders(panel, folders)
    wait(panel)
    table = panel.table.widget
    assert [table.item(line, 0).text().splitlines()[0] for line in range(table.rowCount)] == ["scan 0", "scan 2"]
    assert panel.counts.text == "4 scans, 3 labelled, 1 problem"
    assert "Only the first 1" in panel.progress.text.text


def test_the_words_of_a_terminology_entry() -> None:
    assert meaning("GA~SCT^1^Body~SCT^64033007^Kidney~SCT^24028007^Right~x~^^~^^") == "Kidney, Right"
    assert meaning("") == ""
    assert meaning("free text") == "free text"
    assert ScansState().tissue_table().given is False


def test_the_panel_fits_400_pixels(panel: Any, tmp_path: Path, host: Any) -> None:
    write_phantoms("ct_l3", folder=tmp_path / "ct", count=3, seed=0)
    broken = tmp_path / "ct" / "labels" / "ct_l3_0001.nii.gz"
    broken.write_bytes(broken.read_bytes()[:-30])
    choose_folders(panel, tmp_path / "ct")
    panel.modality.setCurrentIndex(1)
    wait(panel)
    volume, node = pair()
    panel.scene.widget.collapsed = False
    panel.scene.volume.setCurrentNode(volume)
    panel.scene.segmentation.setCurrentNode(node)
    panel.scene.add_button.click()
    wait(panel)
    window = host(qt.QWidget())
    qt.QVBoxLayout(window).addWidget(panel.widget)
    path = save_picture(window, Path(PICTURES or tmp_path) / "scans.png", width=400)
    assert path.stat().st_size > 10_000
    assert window.width == 400, "nothing asks for more width"
    panel.widget.setParent(None)
    host(panel.widget)
