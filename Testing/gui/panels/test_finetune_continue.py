"""After a correction: "add this scan and continue", with a real backend."""

from __future__ import annotations

import shutil

import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.finetune.logic import last_model
from SSLSegmentationLib.gui.panels.scans.logic import load_state
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.selftest.story import used_by
from SSLSegmentationLib.gui.settings import LAST_MODEL
from Testing.gui.ball_scans import ball_scan
from Testing.gui.training_stories import choose_scans, until

pytestmark = pytest.mark.usefixtures("ended_runs")


@pytest.fixture
def corrected(module):
    """A volume with the segmentation that a person has corrected."""
    scan, label_map = ball_scan(7)
    volume = Operation(volumes.volume_from_scan(scan, "Mustermann^Max")).wait()
    steps = create_segmentation(volume, name="corrected", label_map=label_map.array, tissues=label_map.tissues, tags={})
    return volume, Operation(steps).wait()


@pytest.fixture
def panel(module, ball_model):
    module.session.settings.set(LAST_MODEL, str(ball_model))
    module.window.show()
    module._sections["finetune"].collapsed = False
    made = module.panel("finetune")
    made.state.continue_minutes = 0.05
    made.state.preset = "quick"
    made.save()
    made.show_state()
    return made


def test_the_button_waits_for_a_volume_with_its_segmentation(module, panel, corrected):
    volume, segmentation = corrected
    assert not panel.correction.button.enabled
    panel.correction.segmentation.setCurrentNode(segmentation)
    # The volume on which it was made is meant.
    assert panel.correction.nodes() == (volume, segmentation)
    assert panel.correction.button.enabled
    assert "corrected" in panel.correction.button.toolTip
    assert "the model 'balls'" in panel.correction.button.toolTip
    module.session.settings.set(LAST_MODEL, "")
    until(lambda: "no model to go on from" in panel.correction.button.toolTip, timeout=5)
    assert not panel.correction.button.enabled


def test_the_last_result_of_apply_is_meant_at_first(module, panel, corrected):
    volume, segmentation = corrected
    apply = module.panel("apply")
    apply.state.results = [segmentation.GetID()]
    apply.save()
    panel.enter()
    assert panel.correction.nodes() == (volume, segmentation)


def test_one_press_adds_the_scan_and_trains_on(module, panel, corrected, ball_model, ball_scans):
    volume, segmentation = corrected
    choose_scans(module.session, ball_scans)
    panel.correction.segmentation.setCurrentNode(segmentation)
    panel.correction.button.click()
    assert not panel.correction.button.enabled
    assert panel.correction.button.toolTip == panel.start_button.toolTip == "A training is running: stop it first."
    until(lambda: panel.operation is None)
    assert "can be chosen in 'Apply'" in panel.live.progress.text.text
    assert load_state(module.session).pairs() == [(volume.GetID(), segmentation.GetID())]
    (row,) = module.session.runs.rows or Operation(module.session.runs.refresh()).wait()
    config = module.session.runs.handle(row.path).folder.read_record()
    (entry,) = load_state(module.session).saved
    trained, validated = used_by(row.path)
    before, validated_before = used_by(ball_model)
    assert trained == before | {entry["id"]}
    assert validated == validated_before
    assert config.decided["pretrained"] == str(ball_model)
    assert config.config.transfer.weights == "encoder_decoder"
    assert config.config.train.max_minutes == 0.05
    assert config.config.network.base_width == 4
    assert module.session.settings.get(LAST_MODEL) == str(row.path)
    assert [model.path for model in module.session.models.find(segments=True)] == [row.path]
    assert "Mustermann" not in "".join(path.read_text("utf-8", "replace") for path in row.path.glob("*.*"))


def test_a_corrected_scan_of_the_data_is_trained_on_with_its_new_labels(module, panel, ball_model, ball_scans):
    choose_scans(module.session, ball_scans)
    _trained, validated = used_by(ball_model)
    (name,) = validated
    volume = slicer.util.loadVolume(str(ball_scans / "images" / f"{name}.nii.gz"))
    label_map = ball_scan(int(name[-1]))[1]
    steps = create_segmentation(volume, name="corrected", label_map=label_map.array, tissues=label_map.tissues, tags={})
    panel.correction.segmentation.setCurrentNode(Operation(steps).wait())
    panel.correction.button.click()
    until(lambda: panel.operation is None)
    (row,) = Operation(module.session.runs.refresh()).wait()
    assert used_by(row.path) == ({"ball_0", "ball_1", "ball_2", "ball_3"}, set())


def test_what_was_chosen_meanwhile_under_scans_stays_chosen(module, panel, corrected, ball_scans, monkeypatch):
    choose_scans(module.session, ball_scans)
    start = training.start

    def start_after_a_choice(*given, **more):
        choose_scans(module.session, ball_scans, thorough=True)
        return start(*given, **more)

    monkeypatch.setattr(training, "start", start_after_a_choice)
    panel.correction.segmentation.setCurrentNode(corrected[1])
    panel.correction.button.click()
    until(lambda: panel.operation is None)
    state = load_state(module.session)
    assert state.thorough
    assert [entry["subject"] for entry in state.saved] == [entry["id"] for entry in state.saved] != []


def test_only_the_corrected_scan_is_enough(module, panel, corrected):
    panel.correction.segmentation.setCurrentNode(corrected[1])
    panel.correction.button.click()
    until(lambda: panel.operation is None)
    assert "can be chosen in 'Apply'" in panel.live.progress.text.text


def test_stop_ends_the_continuation(module, panel, corrected):
    panel.correction.minutes.setValue(100.0)
    panel.correction.segmentation.setCurrentNode(corrected[1])
    panel.correction.button.click()
    until(lambda: panel.run is not None and panel.run.losses)
    panel.live.progress.cancel_button.click()
    until(lambda: panel.operation is None, timeout=10)
    assert "Stopped" in panel.live.progress.text.text


def test_nothing_is_added_where_the_start_fails(module, panel, corrected, events):
    choose_scans(module.session, module.session.scratch, labelled="folders", images="/nowhere", labels="/nowhere")
    panel.correction.segmentation.setCurrentNode(corrected[1])
    panel.correction.button.click()
    until(lambda: panel.operation is None)
    assert events.texts
    assert load_state(module.session).pairs() == []
    assert not list(module.session.settings.runs_folder.iterdir())


def test_stop_while_the_scan_is_being_saved_leaves_nothing(module, panel, corrected):
    panel.correction.segmentation.setCurrentNode(corrected[1])
    panel.correction.button.click()
    panel.live.progress.cancel_button.click()
    assert panel.operation is None
    assert panel.live.progress.text.text == "Cancelled. Nothing was changed."
    assert load_state(module.session).pairs() == []
    assert not module.session.settings.runs_folder.exists() or not list(module.session.settings.runs_folder.iterdir())


def test_without_any_model_it_says_what_to_do(module, corrected):
    panel = module.panel("finetune")
    panel.correction.segmentation.setCurrentNode(corrected[1])
    assert not panel.correction.button.enabled
    assert "no model to go on from" in panel.correction.button.toolTip
    with pytest.raises(SSLSegmentationError, match="no model to go on from"):
        last_model(module.session)


def test_the_newest_model_is_taken_where_the_last_one_is_gone(module, panel, ball_model, tmp_path):
    shutil.copytree(ball_model, module.session.settings.runs_folder / "copy")
    module.session.settings.set(LAST_MODEL, str(tmp_path / "gone"))
    assert last_model(module.session).path.name == "copy"
