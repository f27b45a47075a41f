"""Fine-tune: pressed as a person presses it, with a real backend."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
import slicer

from SSLSegmentationLib.contract.jobs.processes import process_tree
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, LAST_FINETUNE_RUN, LAST_MODEL
from Testing.gui.training_stories import choose_scans, picture, quick_settings, until

pytestmark = pytest.mark.usefixtures("ended_runs")
PICTURES = os.environ.get("SSLSEG_TEST_PICTURES", "")


@pytest.fixture
def panel(module, ball_scans):
    choose_scans(module.session, ball_scans)
    return module.panel("finetune")


def start_and_wait(panel):
    panel.start_button.click()
    until(lambda: panel.run is not None and panel.run.losses)
    return panel.run


def choose(combo, value):
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex)


def test_a_training_shows_its_course_and_offers_its_model(panel, module, tmp_path):
    quick_settings(panel, name="fïrst ruñ")
    run = start_and_wait(panel)
    assert not panel.start_button.enabled
    assert panel.start_button.toolTip == "A training is running: stop it first."
    assert "left" in panel.live.progress.text.text
    picture(module, "finetune", Path(PICTURES or tmp_path) / "finetune.png")
    until(lambda: panel.operation is None)
    assert run.state == training.DONE
    assert "fïrst ruñ" in panel.live.progress.text.text
    shown = {panel.live.dice.widget.item(row, 0).text() for row in range(panel.live.dice.widget.rowCount)}
    assert {"label_1", "label_2"} < shown
    assert module.session.settings.get(LAST_MODEL) == str(run.path)
    assert run.handle.folder.read_record().config.data.modality == "mri"
    panel.live.log.widget.collapsed = False
    assert panel.live.log.text.plainText == "\n".join(run.handle.log_tail()) != ""
    panel.live.log.copy_button.click()
    assert slicer.app.clipboard().text() == panel.live.log.text.plainText
    panel.live.plot_button.click()
    picture(module, "finetune", Path(PICTURES or tmp_path) / "finetune_done.png")


def test_the_curve_of_dice_grows_in_a_plot(panel):
    quick_settings(panel, epochs=6)
    run = start_and_wait(panel)
    until(lambda: len(run.metrics) >= 2)
    panel.live.plot_button.click()
    (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    table = slicer.mrmlScene.GetNodeByID(panel.state.table)
    before = table.GetNumberOfRows()
    until(lambda: panel.operation is None)
    assert table.GetNumberOfRows() > before
    assert chart.GetNumberOfPlotSeriesNodes() == 3


def test_stop_ends_the_whole_tree_in_two_seconds(panel):
    quick_settings(panel, epochs=100000)
    run = start_and_wait(panel)
    pid = run.handle.folder.read_status().pid
    began = time.monotonic()
    panel.live.progress.cancel_button.click()
    until(lambda: not process_tree(pid), timeout=5)
    assert time.monotonic() - began < 2.0
    until(lambda: panel.operation is None, timeout=10)
    assert panel.live.progress.text.text == "Stopped. It can go on: see 'Runs'."
    assert panel.start_button.enabled


def test_a_run_is_followed_by_the_next_session(panel, module, open_module):
    quick_settings(panel, epochs=100000, name="goes on")
    run = start_and_wait(panel)
    module.cleanup()
    again = open_module()
    other = again.panel("finetune")
    other.enter()
    assert other.run.path == run.path
    until(lambda: len(other.run.losses) > len(run.losses))
    assert not other.start_button.enabled
    other.live.progress.cancel_button.click()
    until(lambda: other.operation is None, timeout=10)


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_a_run_that_ended_while_slicer_was_closed_is_told_once(module, ball_model, state):
    settings = module.session.settings
    path = settings.runs_folder / "ended meanwhile"
    shutil.copytree(ball_model, path)
    status = json.loads((path / "status.json").read_text())
    (path / "status.json").write_text(json.dumps({**status, "state": state}))
    settings.set(LAST_FINETUNE_RUN, str(path))
    panel = module.panel("finetune")
    panel.enter()
    until(lambda: not settings.get(LAST_FINETUNE_RUN))
    until(lambda: panel.operation is None)
    if state == "done":
        assert panel.live.progress.text.text.startswith("Done: the model 'ended meanwhile' can be chosen in 'Apply'.")
        assert settings.get(LAST_MODEL) == str(path)
    else:
        assert panel.live.progress.text.text == "The training 'ended meanwhile' stopped before its end: see 'Runs'."
        assert not settings.get(LAST_MODEL)
    panel.live.progress.finish("")
    panel.enter()
    assert panel.operation is None and panel.live.progress.text.text == ""


def test_a_run_that_was_resumed_is_followed_and_its_model_offered(panel, module):
    module.window.show()
    module._sections["finetune"].collapsed = False
    quick_settings(panel, epochs=100000)
    run = start_and_wait(panel)
    panel.live.progress.cancel_button.click()
    until(lambda: panel.operation is None, timeout=10)
    assert not module.session.settings.get(LAST_FINETUNE_RUN)
    training.resume(module.session, run)
    until(lambda: panel.run is not None and panel.run.path == run.path, timeout=10)
    panel.live.progress.cancel_button.click()
    until(lambda: panel.operation is None, timeout=10)


def test_a_scene_closed_right_after_stop_does_not_keep_the_run_going(panel):
    quick_settings(panel, epochs=100000)
    run = start_and_wait(panel)
    pid = run.handle.folder.read_status().pid
    panel.live.progress.cancel_button.click()
    slicer.mrmlScene.Clear(0)
    until(lambda: not process_tree(pid), timeout=10)


def test_a_closed_scene_does_not_lose_the_run(panel, module):
    quick_settings(panel, epochs=100000)
    run = start_and_wait(panel)
    slicer.mrmlScene.Clear(0)
    until(lambda: panel.operation is not None, timeout=5)
    assert panel.run.path == run.path
    assert panel.run.state == training.RUNNING


def test_start_says_what_is_missing_and_opens_when_it_is_there(module, ball_scans):
    module.window.show()
    module._sections["finetune"].collapsed = False
    panel = module.panel("finetune")
    assert not panel.start_button.enabled
    assert "Choose labelled scans" in panel.controls.problem.text
    # As the panel Scans does it: it keeps its own state and tells nobody.
    state = ScansState(labelled="folders", images=str(ball_scans / "images"), labels=str(ball_scans / "labels"))
    module.session.store.save(state, prefix="scans")
    until(lambda: panel.start_button.enabled, timeout=5)


def test_a_model_that_does_not_fit_offers_its_own_network(panel, module, ball_model, tmp_path):
    panel.state.chosen = [str(ball_model)]
    quick_settings(panel, dims=3)
    choose(panel.controls.start, str(ball_model))
    assert "Tissues: label_1, label_2" in panel.controls.card.text
    assert "The model works in 2D, yours in 3D." in panel.controls.problem.text
    assert not panel.start_button.enabled
    picture(module, "finetune", Path(PICTURES or tmp_path) / "finetune_misfit.png")
    panel.controls.use_model_button.click()
    assert panel.controls.problem.text == ""
    choose(panel.controls.weights, "encoder_decoder")
    choose(panel.controls.mode, "freeze_then_finetune")
    run = start_and_wait(panel)
    until(lambda: panel.operation is None)
    config = run.handle.folder.read_record().config
    assert (config.network.base_width, config.network.dims) == (4, 2)
    assert (config.transfer.weights, config.transfer.mode) == ("encoder_decoder", "freeze_then_finetune")
    choose(panel.controls.dims, "3")
    assert "yours in 3D" in panel.controls.problem.text


def test_a_model_file_can_be_chosen(panel, ball_model, dialogs, tmp_path):
    dialogs.file = str(ball_model / "model" / "model.json")
    choose(panel.controls.start, "choose")
    assert panel.state.start == str(ball_model / "model")
    assert panel.controls.card.text
    dialogs.file = ""
    choose(panel.controls.start, "choose")
    assert panel.state.start == str(ball_model / "model")
    node = panel.session.store.node
    assert str(ball_model) not in "".join(node.GetParameter(name) for name in node.GetParameterNames())
    slicer.mrmlScene.Clear(0)
    until(lambda: panel.state.start == str(ball_model / "model"), timeout=5)
    panel.state.start = str(tmp_path / "gone")
    panel.show_state()
    assert "is gone" in panel.controls.problem.text


def test_controls_write_and_show_the_state(panel):
    for control, value, field, expected in (
        (panel.controls.learning_rate, 0.002, "learning_rate", 0.002),
        (panel.controls.scans, 2, "scans", 2),
        (panel.controls.settings.minutes, 1.5, "minutes", 1.5),
    ):
        control.setValue(value)
        assert getattr(panel.state, field) == expected
    choose(panel.controls.preset, "paper_inpainting_mri")
    assert panel.controls.learning_rate.value == 1e-3
    assert panel.state.learning_rate == 0.0
    choose(panel.controls.settings.budget, "epochs")
    assert panel.controls.settings.epochs.isVisibleTo(panel.widget)
    assert not panel.controls.settings.minutes.isVisibleTo(panel.widget)
    assert "Allowed" in panel.controls.learning_rate.toolTip


def test_a_backend_without_torch_ends_in_its_own_error(panel, module, events):
    import sys

    module.session.settings.set(BACKEND_PYTHON, sys.executable)
    quick_settings(panel)
    panel.start_button.click()
    until(lambda: panel.operation is None)
    assert any("not installed" in text for text in events.texts)
    assert "not installed" in panel.live.progress.text.text


def test_damaged_scans_are_named(panel, module, ball_scans, events, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for part in ("images", "labels"):
        (tmp_path / part / "broken.nii.gz").write_bytes(b"not a scan")
    choose_scans(module.session, tmp_path)
    panel.enter()
    quick_settings(panel)
    panel.start_button.click()
    until(lambda: panel.operation is None)
    assert any("broken.nii.gz" in text for text in events.texts)
