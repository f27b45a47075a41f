"""Pretrain: pressed as a person presses it, with a real backend."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.processes import process_tree
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.pretrain import logic
from SSLSegmentationLib.gui.panels.pretrain.state import PretrainState
from SSLSegmentationLib.gui.panels.scans.state import ScansState
from SSLSegmentationLib.gui.pretext_tasks import tasks_of
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON
from Testing.gui.training_stories import choose_scans, picture, quick_settings, until
from Testing.harness.watchdog import pump

PICTURES = os.environ.get("SSLSEG_TEST_PICTURES", "")
# Seconds. The watchdog leaves out what a slot waited for the processor.
LONGEST_BLOCK = 0.1
TURNS = TaskDescription(
    name="turns",
    title="Turns of the image",
    summary="The image is turned; the network tells by how much.",
    dims=(3,),
    settings=(
        ("angles", 4, FieldInfo("int", "angles that are told apart", unit="angles", low=2, high=8)),
        ("about", "any", FieldInfo("choice", "axis of the turns", choices=("any", "first"))),
    ),
    unused={"patch_size": "It has no patches.", "sampling": "It has no patches.", "corrupted_area": "It turns the whole image."},
)


def open_pretrain(module):
    """Opens the panel as a click on its title does, and waits for the engine's tasks."""
    module.window.show()
    module.window.resize(420, 1500)
    module._sections["pretrain"].collapsed = False
    panel = module.panel("pretrain")
    until(lambda: panel.tasks)
    return panel


@pytest.fixture
def panel(module, ball_scans, ended_runs):
    choose_scans(module.session, ball_scans)
    return open_pretrain(module)


@pytest.fixture
def module_of(open_module):
    """The module where no backend was set up."""
    return open_module()


@pytest.fixture
def idle_panel(module_of):
    """The panel of it."""
    return open_pretrain(module_of)


def start_and_wait(panel):
    panel.start_button.click()
    until(lambda: panel.run is not None and panel.run.losses)
    return panel.run


def choose(combo, value):
    assert combo.findData(value) >= 0
    combo.setCurrentIndex(combo.findData(value))
    combo.activated.emit(combo.currentIndex)


def add_volume(shape=(9, 40, 48), name="scan"):
    array = np.random.default_rng(0).normal(100, 30, shape).astype(np.float32)
    return slicer.util.addVolumeFromArray(array, ijkToRAS=np.diag([-1.0, -1.0, 2.0, 1.0]), name=name)


def drawn(panel):
    """The preview once nothing is waiting any more."""
    box = panel.preview
    pump(timeout=0.15)
    until(lambda: box.operation is None and not box._timer.active)
    return box.preview


def test_a_training_shows_its_course_and_its_model_is_there(panel, module, tmp_path):
    quick_settings(panel, name="fïrst ruñ", base_width=4, epochs=4)
    assert panel.start_button.enabled, panel.start_button.toolTip
    run = start_and_wait(panel)
    assert not panel.start_button.enabled
    assert panel.start_button.toolTip == "A training is running: stop it first."
    assert "left" in panel.live.progress.text.text
    until(lambda: panel.operation is None)
    assert run.state == training.DONE
    assert "fïrst ruñ" in panel.live.progress.text.text
    (model,) = module.session.models.find(segments=False)
    assert model.path == run.path
    config = run.handle.folder.read_record().config
    assert (config.pretext.task, config.network.base_width, config.train.max_epochs) == ("context_restoration", 4, 4)
    (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    assert chart.GetID() == panel.state.chart
    layouts = slicer.app.layoutManager().layouts
    assert layouts[-1] == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
    module.exit()
    assert layouts[-1] != slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView, "the layout is what it was"
    module.enter()
    picture(module, "pretrain", Path(PICTURES or tmp_path) / "pretrain_done.png")


def test_the_layout_stays_as_it_is_while_another_module_is_shown(panel, module):
    layouts = slicer.app.layoutManager().layouts
    before = list(layouts)
    quick_settings(panel, base_width=4, epochs=100000)
    panel.start_button.click()
    module.exit()
    module.window.hide()
    until(lambda: panel.run is not None and len(panel.run.losses) > 5)
    pump(timeout=1.5)
    assert layouts == before and not panel.state.chart
    module.window.show()
    module.enter()
    until(lambda: panel.state.chart, timeout=10)
    assert layouts[-1] == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
    panel.live.progress.cancel_button.click()
    until(lambda: panel.operation is None, timeout=10)


def test_a_scene_closed_right_after_stop_does_not_keep_the_run_going(panel):
    quick_settings(panel, base_width=4, epochs=100000)
    run = start_and_wait(panel)
    pid = run.handle.folder.read_status().pid
    panel.live.progress.cancel_button.click()
    slicer.mrmlScene.Clear(0)
    until(lambda: not process_tree(pid), timeout=10)


def test_the_curve_of_the_loss_grows_while_it_runs(panel, module, tmp_path):
    add_volume()
    quick_settings(panel, base_width=4, epochs=100000)
    start_and_wait(panel)
    until(lambda: panel.state.chart)
    table = slicer.mrmlScene.GetNodeByID(panel.state.table)
    before = table.GetNumberOfRows()
    drawings = []
    table.AddObserver("ModifiedEvent", lambda *_: drawings.append(time.monotonic()))
    until(lambda: table.GetNumberOfRows() > before)
    pump(timeout=2.5)
    seconds = sorted({round(moment, 1) for moment in drawings})
    assert all(later - earlier > 0.8 for earlier, later in zip(seconds, seconds[1:]) if later - earlier > 0.15)
    picture(module, "pretrain", Path(PICTURES or tmp_path) / "pretrain_running.png")


def test_stop_ends_the_whole_tree_in_two_seconds(panel):
    quick_settings(panel, base_width=4, epochs=100000)
    run = start_and_wait(panel)
    pid = run.handle.folder.read_status().pid
    began = time.monotonic()
    panel.live.progress.cancel_button.click()
    until(lambda: not process_tree(pid), timeout=5)
    assert time.monotonic() - began < 2.0
    until(lambda: panel.operation is None, timeout=10)
    pump(timeout=0.3)
    assert panel.live.progress.text.text.startswith("Stopped. It can go on")
    assert panel.start_button.enabled


def test_a_run_is_found_again_after_slicer_was_closed(panel, module, open_module):
    quick_settings(panel, base_width=4, epochs=100000, name="goes on")
    run = start_and_wait(panel)
    module.cleanup()
    slicer.mrmlScene.Clear(0)
    layouts = len(slicer.app.layoutManager().layouts)
    again = open_module()
    # Nothing but the folder of runs knows of it.
    again.session.store.save(PretrainState(), prefix="pretrain")
    other = open_pretrain(again)
    until(lambda: other.run is not None and len(other.run.losses) > len(run.losses))
    assert other.run.path == run.path
    assert not other.start_button.enabled
    pump(timeout=1.5)
    assert len(slicer.app.layoutManager().layouts) == layouts, "its curve comes up only where someone asks for it"
    other.live.progress.cancel_button.click()
    until(lambda: other.operation is None, timeout=10)


def test_a_closed_scene_does_not_lose_the_run(panel):
    quick_settings(panel, base_width=4, epochs=100000)
    run = start_and_wait(panel)
    slicer.mrmlScene.Clear(0)
    until(lambda: panel.operation is not None, timeout=5)
    assert panel.run.path == run.path
    assert panel.run.state == training.RUNNING


def test_what_ends_a_run_is_told(panel, events, tmp_path):
    empty = tmp_path / "no scans"
    empty.mkdir()
    choose_scans(panel.session, tmp_path, labelled="nowhere", unlabelled=str(empty), images="", labels="")
    panel.show_state()
    panel.start_button.click()
    until(lambda: panel.operation is None)
    assert "no scans" in panel.live.progress.text.text
    assert any(message.kind == "error" for message in events.messages)


def test_start_says_what_is_missing_and_opens_when_it_is_there(module, ball_scans):
    panel = open_pretrain(module)
    assert not panel.start_button.enabled
    assert "Choose a folder of scans" in panel.problem.text == panel.start_button.toolTip
    # As the panel Scans does it: it keeps its own state and tells nobody.
    module.session.store.save(ScansState(unlabelled=str(ball_scans / "images")), prefix="scans")
    until(lambda: panel.start_button.enabled, timeout=5)
    assert panel.problem.isHidden()


def test_without_a_backend_start_says_where_to_set_it_up(idle_panel, ball_scans, events):
    choose_scans(idle_panel.session, ball_scans)
    idle_panel.show_state()
    idle_panel.start_button.click()
    until(lambda: idle_panel.operation is None)
    assert "Backend" in idle_panel.live.progress.text.text
    assert not list(idle_panel.session.settings.runs_folder.glob("*"))
    with pytest.raises(SSLSegmentationError):
        Operation(logic.start(idle_panel.session, idle_panel.state, idle_panel.tasks)).wait(10)
    assert not idle_panel.session.settings.get(BACKEND_PYTHON)


def test_a_new_task_appears_with_its_controls_and_greys_what_it_does_not_use(idle_panel, module_picture):
    panel = idle_panel
    panel.tasks = {**panel.tasks, **tasks_of([TURNS.as_dict()])}
    panel.show_state()
    controls = panel.controls
    assert panel.own.widget.isHidden()
    choose(controls.task, "turns")
    assert controls.summary.text == TURNS.summary
    assert set(panel.own.controls) == {"angles", "about"}
    for control, reason in (
        (controls.patch_size, "It has no patches."),
        (controls.area, "It turns the whole image."),
        (controls.dims, "'Turns of the image' works in 3D only."),
    ):
        assert not control.enabled
        assert control.toolTip == reason
    assert (panel.state.dims, controls.dims.currentData) == (3, "3")
    panel.own.controls["angles"].widget.setValue(6)
    assert panel.state.own == {"turns": {"angles": 6}}
    assert logic.check(panel.state, {}, tasks=panel.tasks).pretext.own == {"angles": 6}
    add_volume()
    until(lambda: "no preview of this task" in panel.preview.text.text, timeout=10)
    module_picture("pretrain_other_task.png")
    choose(controls.task, "context_restoration")
    assert controls.patch_size.enabled and controls.dims.enabled
    assert "It has no patches" not in controls.patch_size.toolTip
    assert panel.own.widget.isHidden()


def test_own_settings_stay_while_the_tasks_are_not_known(idle_panel):
    panel, own = idle_panel, {"context_restoration": {"turns": 3}}
    panel.tasks, panel.state.own = {}, {name: dict(values) for name, values in own.items()}
    panel.show_state()
    panel.controls.area.setValue(30.0)
    choose(panel.controls.sampling, "random")
    assert panel.state.own == own


def test_settings_that_cannot_hold_keep_start_from_being_pressed(idle_panel, ball_scans):
    choose_scans(idle_panel.session, ball_scans)
    idle_panel.state.own = {"context_restoration": {}}
    idle_panel.state.task = "gone"
    idle_panel.show_state()
    assert "no pretext task 'gone'" in idle_panel.problem.text
    assert not idle_panel.start_button.enabled
    choose(idle_panel.controls.task, "context_restoration")
    assert idle_panel.start_button.enabled


def test_without_any_task_the_reason_is_shown(idle_panel):
    idle_panel.tasks = {}
    idle_panel._tasks_not_told(SSLSegmentationError("environment.no_torch", "The backend is not set up yet.", hint="Set it up."))
    assert idle_panel.problem.text == "The backend is not set up yet. Set it up."
    idle_panel._tasks_not_told(SSLSegmentationError("job.cancelled", "You cancelled it."))
    assert "Looking for the pretext tasks" in idle_panel.problem.text


def test_stop_before_the_run_began_drops_it(panel):
    panel.start_button.click()
    panel.live.progress.cancel_button.click()
    assert panel.operation is None
    assert panel.live.progress.text.text == "Cancelled. Nothing was changed."
    assert not list(panel.session.settings.runs_folder.glob("*"))


def test_nothing_is_drawn_where_nobody_sees_it(idle_panel, module_of):
    module_of.window.hide()
    add_volume()
    idle_panel.preview.schedule()
    assert drawn(idle_panel) is None
    module_of.window.show()
    module_of.enter()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)


@pytest.fixture
def module_picture(idle_panel, tmp_path):
    """Saves what the panel looks like."""
    from Testing.harness.pictures import save_picture

    def save(name):
        save_picture(idle_panel.widget.window(), Path(PICTURES or tmp_path) / name)

    return save


def test_a_preset_sets_the_controls(idle_panel):
    panel = idle_panel
    choose(panel.controls.preset, "paper_inpainting_mri")
    shown = panel.controls
    assert (shown.patch_size.currentText, shown.sampling.currentData, shown.settings.budget.currentData) == (
        "32 voxels",
        "poisson_disc",
        "preset",
    )
    assert shown.settings.minutes.isHidden() and shown.settings.epochs.isHidden()
    choose(shown.settings.budget, "epochs")
    assert not shown.settings.epochs.isHidden()
    choose(panel.controls.preset, "quick")
    assert shown.base_width.value == 8
    assert panel.session.store.load(type(panel.state), prefix="pretrain") == panel.state


def test_the_preview_follows_the_controls(idle_panel, watchdog):
    panel = idle_panel
    pump(lambda: "Load a volume" in panel.preview.text.text, timeout=5)
    volume = add_volume((5, 64, 64))
    until(lambda: panel.preview.preview is not None, timeout=10)
    assert drawn(panel).patch_size == 32
    choose(panel.controls.patch_size, "8")
    assert drawn(panel).patch_size == 8
    panel.controls.area.setValue(10.0)
    assert drawn(panel).displaced == pytest.approx(0.1, abs=0.03)
    assert "of 8 voxels" in panel.preview.text.text
    before = drawn(panel).corrupted
    panel.preview.another_button.click()
    assert not np.array_equal(drawn(panel).corrupted, before)
    panel.preview.difference_button.click()
    assert panel.preview.pictures.titles[1].text == "Difference"
    choose(panel.controls.patch_size, "64")
    drawn(panel)
    assert "The largest patch size that fits is" in panel.preview.text.text
    assert panel.preview.pictures.widget.isHidden()
    choose(panel.controls.patch_size, "4")
    choose(panel.controls.dims, "3")
    until(lambda: panel.preview.preview is not None and len(panel.preview.preview.shape) == 3, timeout=20)
    slicer.mrmlScene.RemoveNode(volume)
    until(lambda: "Load a volume" in panel.preview.text.text, timeout=5)
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest


def test_many_changes_at_once_are_drawn_once(idle_panel, monkeypatch):
    add_volume()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)
    drawn(idle_panel)
    count = []
    run = idle_panel.session.run
    monkeypatch.setattr(idle_panel.session, "run", lambda *given, **more: count.append(1) or run(*given, **more))
    for percent in range(10, 30):
        idle_panel.controls.area.setValue(float(percent))
    drawn(idle_panel)
    assert len(count) == 1


@pytest.fixture
def axial_view(scene):
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red of the test")
    view.SetLayoutName("Red of the test")
    view.SetOrientation("Axial")
    return view


def only(view):
    """No other view is there."""
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        if node is not view:
            slicer.mrmlScene.RemoveNode(node)


def test_the_preview_follows_the_slice_view(idle_panel, axial_view):
    only(axial_view)
    add_volume()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)
    for index in (6, 2, 0):
        axial_view.SetSliceOffset(2.0 * index)
        assert drawn(idle_panel).index == index
        assert f"Slice {index + 1} of 9" in idle_panel.preview.text.text
    assert idle_panel.preview.slider.isHidden()
    idle_panel.exit()
    axial_view.SetSliceOffset(2.0 * 4)
    assert drawn(idle_panel).index == 0


def test_without_a_slice_view_a_slider_chooses(idle_panel):
    only(None)
    add_volume()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)
    assert not idle_panel.preview.slider.isHidden()
    assert drawn(idle_panel).index == 4
    idle_panel.preview.slider.setValue(1000)
    assert drawn(idle_panel).index == 8


def test_beside_the_volume_the_slider_chooses(idle_panel, axial_view):
    only(axial_view)
    axial_view.SetSliceOffset(-500.0)
    add_volume()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)
    assert not idle_panel.preview.slider.isHidden()
    idle_panel.preview.slider.setValue(1000)
    assert drawn(idle_panel).index == 8
    axial_view.SetSliceOffset(4.0)
    assert drawn(idle_panel).index == 2
    assert idle_panel.preview.slider.isHidden()


def test_the_preview_shows_the_modality_of_the_training_and_says_where_the_volume_is_another(idle_panel):
    volume = add_volume()
    until(lambda: idle_panel.preview.preview is not None, timeout=10)
    assert "Scans" not in idle_panel.preview.text.text
    before = idle_panel.preview.preview.original
    volume.SetAttribute("DICOM.Modality", "CT")
    idle_panel.preview.schedule()
    assert np.array_equal(drawn(idle_panel).original, before)
    assert "This volume is CT, but 'Scans' says MRI: it is shown as MRI." in idle_panel.preview.text.text


def test_a_chosen_volume_comes_before_the_one_on_screen(idle_panel):
    add_volume(name="one")
    other = add_volume((3, 32, 32), name="other")
    idle_panel.preview.volume.setCurrentNode(other)
    assert drawn(idle_panel).count == 3
    assert idle_panel.state.volume == other.GetID()
