"""Apply: pressed as a person presses it, with a real backend, on phantoms."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import slicer

from SSLSegmentationLib.gui.scene import volumes
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
    assert names == [tissue.name for tissue in panel._current_model().card.tissues]
    assert segmentation.GetName() == "phantom segmentation"
    found = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, content.GetNthSegmentID(0), volume)
    assert found.shape == volumes.geometry_of(volume).shape
    assert "Segmentations made: 1" in panel.progress.text.text


def test_a_second_run_leaves_the_first_result_and_loads_nothing_again(module, small_model, ct_phantoms):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    press_apply(panel)
    pid = module.session.engine.pid
    press_apply(panel)
    assert module.session.engine.pid == pid
    names = {node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")}
    assert len(names) == 2


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


def test_a_scan_that_looks_different_is_asked_about_first(module, small_model, ct_phantoms, dialogs):
    volume = load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    slicer.util.arrayFromVolume(volume)[:] += 3000
    panel = open_panel(module, small_model)
    panel.volume.setCurrentNode(volume)
    dialogs.confirm = False
    panel.apply_button.click()
    assert panel.operation is None
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


def test_a_model_that_is_gone_is_said_in_the_panel(module, small_model, ct_phantoms, tmp_path):
    load_volume(ct_phantoms[0] / "ct_l3_0000.nii.gz", "phantom")
    panel = open_panel(module, tmp_path / "nothing here")
    assert "no model at" in panel.card.text
    assert not panel.apply_button.enabled


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


def test_a_backend_killed_while_it_segments_is_told_and_the_next_run_works(module, small_model, ct_phantoms, events):
    panel, _volume = start_applying(module, small_model, ct_phantoms)
    assert pump(lambda: module.session.engine.hello() is not None, timeout=TIMEOUT)
    os.kill(module.session.engine.pid, signal.SIGKILL)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    if events.messages:
        assert "signal 9" in panel.progress.text.text
    press_apply(panel)
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
