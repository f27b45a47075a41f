"""Apply: pressed as a person presses it, with a real backend, on phantoms."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, LAST_MODEL
from SSLSegmentationLib.imaging.phantoms import make_phantom
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.scan import Scan
from SSLSegmentationLib.imaging.writers import write_scan
from Testing.gui.engine import load_volume
from Testing.harness.watchdog import pump

TIMEOUT = 60.0


def open_panel(module, model):
    panel = module.panel("apply")
    panel.state.model = str(model)
    panel.save()
    panel.enter()
    return panel


def press_apply(panel):
    panel.apply_button.click()
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)


def test_a_volume_becomes_a_segmentation_with_the_models_tissues(module, small_model, ct_phantoms):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    press_apply(panel)
    (segmentation,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    content = segmentation.GetSegmentation()
    names = [content.GetNthSegment(index).GetName() for index in range(content.GetNumberOfSegments())]
    assert names == [tissue.name for tissue in panel.models.model.card.tissues]
    assert segmentation.GetName() == "phantom segmentation"
    found = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, content.GetNthSegmentID(0), volume)
    assert found.shape == volumes.geometry_of(volume).shape
    assert "Segmentations made: 1" in panel.progress.text.text


def masks_of(segmentation, volume):
    """The voxels of every segment."""
    ids = segmentation.GetSegmentation().GetSegmentIDs()
    return [slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, one, volume).copy() for one in ids]


def test_a_second_run_leaves_the_corrected_first_result_and_loads_nothing_again(module, small_model, ct_phantoms):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    press_apply(panel)
    (first,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    predicted = masks_of(first, volume)
    identifier = first.GetSegmentation().GetNthSegmentID(0)
    painted = 1 - predicted[0]
    slicer.util.updateSegmentBinaryLabelmapFromArray(painted, first, identifier, volume)
    pid = module.session.engine.pid
    press_apply(panel)
    assert module.session.engine.pid == pid
    _first, second = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert second.GetName() == "phantom segmentation 2"
    assert np.array_equal(masks_of(first, volume)[0], painted)
    assert all(np.array_equal(one, other) for one, other in zip(masks_of(second, volume), predicted))
    assert panel.state.results == [second.GetID()]


def test_a_label_map_in_the_background_is_not_taken_for_a_scan(open_module):
    panel = open_module().panel("apply")
    scan = slicer.util.addVolumeFromArray(np.zeros((4, 5, 6), np.int16), name="scan")
    label_map = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetBackgroundVolumeID(label_map.GetID())
    panel.state.volume = ""
    panel.save()
    panel.enter()
    assert panel.volume.currentNode() is scan


def test_all_volumes_of_the_scene_are_segmented(module, small_model, ct_phantoms):
    for number in range(2):
        load_volume(ct_phantoms[0] / f"ct_l3_000{number}.nii.gz", f"scan {number}")
    panel = open_panel(module, small_model)
    panel.scope.setCurrentIndex(1)
    press_apply(panel)
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 2


def test_a_folder_of_scans_is_segmented_into_files(module, small_model, ct_phantoms, tmp_path):
    panel = open_panel(module, small_model)
    panel.scope.setCurrentIndex(2)
    panel.folder.currentPath = str(ct_phantoms[0])
    panel.output.currentPath = str(tmp_path / "out")
    press_apply(panel)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"ct_l3_000{n}.seg.nrrd" for n in range(4)]


def apply_to_folder(panel, scans, output):
    panel.scope.setCurrentIndex(2)
    panel.folder.currentPath = str(scans)
    panel.output.currentPath = str(output)
    panel.apply_button.click()


def test_a_file_that_lies_there_already_is_never_replaced(module, small_model, ct_phantoms, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("ct_l3_0001.seg.nrrd", "ct_l3_0002.seg.nrrd", "ct_l3_0002 2.seg.nrrd"):
        (out / name).write_bytes(b"corrected by hand")
    panel = open_panel(module, small_model)
    apply_to_folder(panel, ct_phantoms[0], out)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    kept = {path.name for path in out.iterdir() if path.read_bytes() == b"corrected by hand"}
    assert kept == {"ct_l3_0001.seg.nrrd", "ct_l3_0002.seg.nrrd", "ct_l3_0002 2.seg.nrrd"}
    new = {"ct_l3_0000.seg.nrrd", "ct_l3_0001 2.seg.nrrd", "ct_l3_0002 3.seg.nrrd", "ct_l3_0003.seg.nrrd"}
    assert {path.name for path in out.iterdir()} == kept | new
    assert "ct_l3_0001: saved as 'ct_l3_0001 2.seg.nrrd'" in panel.progress.text.text


def odd_scan(phantoms, folder):
    """A folder with a phantom and the same one 3000 HU brighter."""
    folder.mkdir()
    shutil.copy(phantoms[0] / "ct_l3_0000.nii.gz", folder / "usual.nii.gz")
    scan = read_scan(folder / "usual.nii.gz")
    write_scan(folder / "bright.nii.gz", Scan(scan.array + 3000, scan.geometry))
    return folder


@pytest.mark.parametrize("agreed", [False, True])
def test_a_folder_is_asked_about_before_anything_is_computed(module, small_model, ct_phantoms, tmp_path, dialogs, events, agreed):
    panel = open_panel(module, small_model)
    dialogs.confirm = agreed
    apply_to_folder(panel, odd_scan(ct_phantoms, tmp_path / "scans"), tmp_path / "out")
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    (question,) = events.texts
    assert "bright: " in question and "usual: " not in question
    if agreed:
        assert "bright: " in panel.progress.text.text and "usual: " not in panel.progress.text.text
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"usual.seg.nrrd", "bright.seg.nrrd"}
    else:
        assert not (tmp_path / "out").exists()


def test_results_do_not_go_where_they_would_be_taken_for_scans(module, small_model, ct_phantoms):
    panel = open_panel(module, small_model)
    panel.scope.setCurrentIndex(2)
    panel.folder.currentPath = panel.output.currentPath = str(ct_phantoms[0])
    assert not panel.apply_button.enabled and "another folder" in panel.apply_button.toolTip


def test_cancelling_a_folder_keeps_the_files_that_were_done(module, small_model, tmp_path):
    scans, out = tmp_path / "scans", tmp_path / "out"
    write_scan(scans / "scan_00.nii", make_phantom("ct_l3", seed=1, shape=(32, 128, 128)).scans["ct"])
    for number in range(1, 12):
        shutil.copy(scans / "scan_00.nii", scans / f"scan_{number:02d}.nii")
    panel = open_panel(module, small_model)
    apply_to_folder(panel, scans, out)
    assert pump(lambda: list(out.glob(".*/scan_*.seg.nrrd")), timeout=TIMEOUT)
    (making,) = out.glob(".*")
    panel.progress.cancel_button.click()
    assert panel.operation is None
    done = [path.name for path in out.glob("*.seg.nrrd")]
    assert 0 < len(done) < 12
    # As the backend does with the file at hand.
    making.mkdir(exist_ok=True)
    (making / "late.seg.nrrd").write_bytes(b"")
    assert pump(lambda: not making.exists(), timeout=TIMEOUT)
    assert sorted(path.name for path in out.iterdir()) == sorted(done)
    assert panel.progress.text.text.startswith(f"Cancelled. Segmentations made before that: {len(done)}; they stay.")


def test_a_volume_that_cannot_be_used_does_not_stop_the_others(module, small_model, ct_phantoms):
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "without voxels")
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "whole")
    panel = open_panel(module, small_model)
    panel.scope.setCurrentIndex(1)
    press_apply(panel)
    assert [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")] == ["whole segmentation"]
    told = panel.progress.text.text
    assert told.startswith("Segmentations made: 1 of 2") and "The volume 'without voxels' has no voxels." in told


def test_what_was_made_before_cancelling_stays_and_is_said(module, small_model, ct_phantoms):
    for number in range(3):
        load_volume(ct_phantoms[0] / f"ct_l3_000{number}.nii.gz", f"scan {number}")
    panel = open_panel(module, small_model)
    panel.scope.setCurrentIndex(1)
    panel.apply_button.click()
    assert pump(lambda: slicer.util.getNodesByClass("vtkMRMLSegmentationNode"), timeout=TIMEOUT)
    panel.progress.cancel_button.click()
    made = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert panel.state.results == [node.GetID() for node in made] and len(made) < 3
    assert panel.progress.text.text == f"Cancelled. Segmentations made before that: {len(made)}; they stay."
    assert panel.edit_button.isVisibleTo(panel.widget)


def test_what_is_chosen_during_a_run_does_not_change_its_end(module, small_model, ct_phantoms, events):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    panel.apply_button.click()
    assert pump(lambda: panel.operation.progress.waits, timeout=TIMEOUT)
    panel.scope.setCurrentIndex(2)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    (made,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert panel.state.results == [made.GetID()]
    assert panel.progress.text.text.startswith("Segmentations made: 1 of 1")


def test_the_results_follow_their_nodes_with_the_scene(module, small_model, ct_phantoms):
    panel, _volume = start_applying(module, small_model, ct_phantoms)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    (made,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert module.session.store.node.GetNodeReference("apply.results.0") is made


def test_the_model_that_was_applied_last_is_the_one_to_go_on_from(module, small_model, ct_phantoms):
    assert module.session.settings.get(LAST_MODEL) is None
    panel, _volume = start_applying(module, small_model, ct_phantoms)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert module.session.settings.get(LAST_MODEL) == str(small_model)


def test_a_new_result_is_not_shown_in_3d_before_it_is_asked_for(module, small_model, ct_phantoms):
    panel, _volume = start_applying(module, small_model, ct_phantoms)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    panel.show_button.click()
    (first,) = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert pump(lambda: first.GetSegmentation().ContainsRepresentation("Closed surface"), timeout=TIMEOUT)
    panel.show_state()
    assert panel.show_button.checked
    press_apply(panel)
    assert not panel.show_button.checked


def test_cancel_leaves_the_scene_as_it_was(module, small_model, ct_phantoms):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    panel.apply_button.click()
    pump(timeout=0.3)
    panel.progress.cancel_button.click()
    assert panel.operation is None
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert "Cancelled" in panel.progress.text.text


def test_a_scan_that_looks_different_is_asked_about_first(module, small_model, ct_phantoms, dialogs, events):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    slicer.util.arrayFromVolume(volume)[:] += 3000
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    dialogs.confirm = False
    panel.apply_button.click()
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert any("do not look like" in text for text in events.texts)
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def test_without_a_backend_the_person_is_told_where_to_set_it_up(open_module, small_model, ct_phantoms, events):
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(open_module(), small_model)
    panel.apply_button.click()
    pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert "Backend" in panel.progress.text.text


def test_without_a_model_apply_cannot_be_pressed(module):
    panel = module.panel("apply")
    assert not panel.apply_button.enabled
    assert "model" in panel.apply_button.toolTip
    assert Path(panel.session.scratch).is_dir()


def start_applying(module, model, phantoms):
    volume = load_volume(phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, model)
    panel.volume.setCurrentNode(volume)
    panel.apply_button.click()
    return panel, volume


def test_a_damaged_model_is_named_and_leaves_the_scene_as_it_was(module, small_model, ct_phantoms, tmp_path, events):
    damaged = tmp_path / "damaged model"
    shutil.copytree(small_model / "model", damaged)
    weights = damaged / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    panel, _volume = start_applying(module, damaged, ct_phantoms)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert "weights.safetensors" in panel.progress.text.text
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert events.messages


def test_a_model_that_is_gone_is_said_and_not_replaced_by_another(module, small_model, ct_phantoms, tmp_path):
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    shutil.copytree(small_model, module.session.settings.runs_folder / "another")
    panel = open_panel(module, tmp_path / "nothing here")
    assert panel.model.currentData == str(tmp_path / "nothing here")
    assert panel.models.model is None
    assert "no model at" in panel.card.text
    assert not panel.apply_button.enabled and "no model at" in panel.apply_button.toolTip
    panel.model.setCurrentIndex(0)
    panel.model.activated.emit(0)
    assert panel.models.model.path.name == "another"
    assert panel.apply_button.enabled


def test_a_pretrained_model_is_not_taken_for_one_that_segments(module, small_model, ct_phantoms, tmp_path):
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    pretrained = tmp_path / "pretrained"
    shutil.copytree(small_model / "model", pretrained)
    card = json.loads((pretrained / "model.json").read_text(encoding="utf-8"))
    (pretrained / "model.json").write_text(json.dumps({**card, "task": "context_restoration"}), encoding="utf-8")
    panel = open_panel(module, pretrained)
    assert not panel.apply_button.enabled
    assert "Fine-tune" in panel.apply_button.toolTip


def test_a_backend_that_cannot_be_started_is_said_when_apply_is_pressed(open_module, small_model, ct_phantoms, tmp_path, events):
    (tmp_path / "python").write_text("no program")
    opened = open_module()
    opened.session.settings.set(BACKEND_PYTHON, str(tmp_path / "python"))
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    opened.window.show()
    opened._sections["apply"].collapsed = False
    panel = open_panel(opened, small_model)
    assert panel.widget.visible and not events.messages
    press_apply(panel)
    assert "cannot be run" in panel.progress.text.text


def test_a_volume_deleted_while_it_is_segmented_ends_in_a_message(module, small_model, ct_phantoms, events):
    panel, volume = start_applying(module, small_model, ct_phantoms)
    pump(lambda: panel.operation.progress.waits, timeout=TIMEOUT)
    slicer.mrmlScene.RemoveNode(volume)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert "phantom" in panel.progress.text.text or "volume" in panel.progress.text.text
    assert events.messages


def test_a_scene_closed_while_a_volume_is_segmented_leaves_no_error(module, small_model, ct_phantoms, events):
    panel, _volume = start_applying(module, small_model, ct_phantoms)
    pump(timeout=0.3)
    slicer.mrmlScene.Clear(0)
    pump(timeout=0.3)
    assert panel.operation is None
    assert not events.messages


def test_a_backend_killed_while_it_segments_is_told_and_the_next_run_works(module, small_model, events):
    scan = make_phantom("ct_l3", seed=1, shape=(160, 128, 128)).scans["ct"]
    volume = Operation(volumes.volume_from_scan(scan, "tall")).wait()
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    panel.apply_button.click()
    # A share is known once the engine computes; it is far from its end.
    assert pump(lambda: panel.operation.progress.text == "Segmenting" and panel.operation.progress.share, timeout=TIMEOUT)
    os.kill(module.session.engine.pid, signal.SIGKILL)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert "signal 9" in panel.progress.text.text
    assert any("signal 9" in text for text in events.texts)
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    press_apply(panel)
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def test_an_emptied_path_is_no_longer_chosen(module, tmp_path):
    panel = module.panel("apply")
    for edit, name in ((panel.folder, "folder"), (panel.output, "output_folder")):
        edit.setCurrentPath(str(tmp_path))
        assert getattr(panel.state, name) == str(tmp_path)
        edit.setCurrentPath("")
        assert getattr(panel.state, name) == ""
