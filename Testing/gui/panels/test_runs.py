"""Runs: the table of all trainings and what can be done with one, with a real backend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.processes import kill_tree, process_tree
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.panels.runs import logic
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, LAST_MODEL
from Testing.contract.jobs.helpers import SCRIPT, eventually
from Testing.gui.training_stories import picture, until
from Testing.harness.watchdog import LONGEST_BLOCK

pytestmark = pytest.mark.usefixtures("ended_runs")
PICTURES = os.environ.get("SSLSEG_TEST_PICTURES", "")


@pytest.fixture
def panel(module):
    module.window.show()
    module._sections["runs"].collapsed = False
    return module.panel("runs")


@pytest.fixture
def endless(module, ball_scans):
    """A training without an end, with its first steps done."""
    data = {"images": str(ball_scans / "images"), "labels": str(ball_scans / "labels")}
    network = {"base_width": 4, "levels": 3}
    train = {"max_steps": None, "max_epochs": 100000, "batch_size": 4, "checkpoint_every": 2}
    config = {"preset": "quick", "data": data, "network": network, "train": train}

    def start(name="endless ∞"):
        run = training.start(module.session, "finetune", config, name=name)
        until(lambda: run.poll() and run.losses)
        return run

    return start


def scripted(module, name, mode):
    """A small job that needs no torch, run to its end."""
    folder = module.session.settings.runs_folder / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(SCRIPT), str(folder), mode], capture_output=True, check=False)
    return folder


def names(panel):
    return [panel.table.widget.item(row, 0).text() for row in range(panel.table.widget.rowCount)]


def cells(panel, row):
    return [panel.table.widget.item(row, column).text() for column in range(panel.table.widget.columnCount)]


def select(panel, name):
    until(lambda: name in names(panel), timeout=10)
    panel.table.widget.selectRow(names(panel).index(name))
    until(lambda: panel._reading is None and panel._looking is None, timeout=20)


def copied(module, model, name):
    shutil.copytree(model, module.session.settings.runs_folder / name)


def test_without_runs_it_says_where_they_begin(panel):
    until(lambda: panel._looking is None, timeout=5)
    assert panel.empty.visible
    assert not panel.table.widget.visible
    assert not panel.details.visible


def test_every_run_has_a_line_the_newest_first(module, panel, ball_model, tmp_path):
    copied(module, ball_model, "ältere")
    for name, mode in (("died", "die"), ("refused", "refuse"), ("done", "race")):
        scripted(module, name, mode)
    until(lambda: len(names(panel)) == 4, timeout=10)
    assert names(panel) == ["done", "refused", "died", "ältere"]
    assert [cells(panel, row)[2] for row in range(4)] == ["done", "failed", "interrupted", "done"]
    assert cells(panel, 3)[1] == "Fine-tune"
    assert float(cells(panel, 3)[3]) >= 0
    colours = {panel.table.widget.item(row, 2).foreground().color().name() for row in range(3)}
    assert len(colours) == 3
    select(panel, "refused")
    assert "scan.nii.gz is empty." in panel.story.text
    assert "Export the scan again" in panel.story.text
    picture(module, "runs", Path(PICTURES or tmp_path) / "runs.png")


def test_what_runs_is_shown_as_it_goes_and_stopped(module, panel, endless, tmp_path):
    run = endless()
    select(panel, "endless ∞")
    until(lambda: "%" in cells(panel, 0)[2], timeout=10)
    assert "running" in panel.story.text
    assert not panel.resume_button.enabled and panel.resume_button.toolTip == "It is running."
    assert not panel.delete_button.enabled
    assert not panel.apply_button.enabled
    picture(module, "runs", Path(PICTURES or tmp_path) / "runs_running.png")
    pid = run.handle.folder.read_status().pid
    began = time.monotonic()
    panel.live.progress.cancel_button.click()
    until(lambda: not process_tree(pid), timeout=5)
    assert time.monotonic() - began < 2.0
    until(lambda: cells(panel, 0)[2] in ("stopped", "interrupted"), timeout=10)
    assert panel.delete_button.enabled


def test_a_killed_run_is_found_again_and_goes_on(module, panel, endless):
    run = endless("killed")
    until(lambda: (run.path / "checkpoint").is_dir() and list((run.path / "checkpoint").iterdir()))
    kill_tree(run.handle.folder.read_status().pid, patience=5.0)
    select(panel, "killed")
    until(lambda: cells(panel, 0)[2] == "interrupted", timeout=10)
    assert "Resume" in panel.story.text
    assert panel.resume_button.enabled
    panel.resume_button.click()
    reached = run.losses[-1][0]
    until(lambda: panel.run.state == training.RUNNING and panel.run.losses and panel.run.losses[-1][0] > reached)
    panel.live.progress.cancel_button.click()
    until(lambda: panel._stopping is None, timeout=10)


def test_two_runs_at_once_have_a_line_each(module, panel, endless):
    first, second = endless("one"), endless("two")
    until(lambda: len(names(panel)) == 2 and all("%" in cells(panel, row)[2] for row in range(2)), timeout=20)
    select(panel, "one")
    panel.live.progress.cancel_button.click()
    until(lambda: first.handle.state() != training.RUNNING, timeout=10)
    assert second.handle.state() == training.RUNNING


def test_delete_asks_first(module, panel, ball_model, dialogs, events):
    copied(module, ball_model, "mine")
    select(panel, "mine")
    dialogs.confirm = False
    panel.delete_button.click()
    assert "Delete the run 'mine'" in events.texts[-1]
    assert (module.session.settings.runs_folder / "mine").is_dir()
    dialogs.confirm = True
    panel.delete_button.click()
    until(lambda: not names(panel), timeout=5)
    assert not (module.session.settings.runs_folder / "mine").exists()
    assert not panel.details.visible


def test_a_run_that_began_meanwhile_is_not_deleted(module, panel, endless, events):
    endless("busy")
    select(panel, "busy")
    with pytest.raises(SSLSegmentationError) as refused:
        panel.delete()
    assert refused.value.code == "job.in_use"
    assert events.texts == []


def test_its_model_is_chosen_in_apply(module, panel, ball_model):
    copied(module, ball_model, "bällе")
    path = module.session.settings.runs_folder / "bällе"
    select(panel, "bällе")
    panel.apply_button.click()
    assert not module._sections["apply"].collapsed
    assert module.panel("apply").state.model == str(path)
    assert module.panel("apply").model.currentData == str(path)
    assert module.session.settings.get(LAST_MODEL) == str(path)


def test_a_pretrained_model_is_not_applied(module, panel):
    scripted(module, "no model", "race")
    select(panel, "no model")
    assert panel.apply_button.toolTip == "It has no model yet."
    assert panel.resume_button.toolTip.startswith("It is done")


def test_the_curve_of_loss_and_dice_is_drawn(module, panel, ball_model):
    copied(module, ball_model, "mine")
    select(panel, "mine")
    panel.live.plot_button.click()
    (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    titles = {chart.GetNthPlotSeriesNode(number).GetYColumnName() for number in range(chart.GetNumberOfPlotSeriesNodes())}
    assert {"loss (validation)", "Dice (mean)"} <= titles
    layouts = slicer.app.layoutManager().layouts
    assert layouts[-1] == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView
    panel.exit()
    assert layouts[-1] != slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView, "the layout is what it was"


def test_the_folder_is_opened(module, panel, ball_model, monkeypatch):
    import qt

    opened = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    copied(module, ball_model, "Ordner ü")
    select(panel, "Ordner ü")
    panel.open_button.click()
    assert opened == [str(module.session.settings.runs_folder / "Ordner ü")]


def test_the_report_names_versions_and_no_scan(module, panel, ball_model):
    copied(module, ball_model, "Mustermann")
    folder = module.session.settings.runs_folder / "Mustermann"
    with (folder / "log.txt").open("a") as log:
        log.write("2026-01-01T00:00:00Z WARNING x: ball_1 is left out: /home/max/Mustermann.nii.gz is damaged\n")
    select(panel, "Mustermann")
    panel.report_button.click()
    text = slicer.app.clipboard().text()
    assert "run of finetune: done" in text
    assert "precision" in text
    assert "Mustermann" not in text
    assert "ball_1" not in text


def test_a_scan_with_a_number_for_a_name_is_masked_and_versions_dates_and_times_are_not():
    names = logic._pattern({"1", "11", "Meyer_2"})
    line = "2026-11-21T10:01:11 torch 2.1.11: /data/1.nii.gz, Meyer_2_0000.nii.gz and 11 are damaged; Meyer_20 is not"
    masked = "2026-11-21T10:01:11 torch 2.1.11: /data/<scan>.nii.gz, <scan>_0000.nii.gz and <scan> are damaged; Meyer_20 is not"
    assert names.sub("<scan>", line) == masked
    assert logic._pattern(set()).sub("<scan>", line) == line


def test_garbage_in_a_runs_folder_disturbs_no_other(module, panel, ball_model):
    copied(module, ball_model, "good")
    bad = scripted(module, "bad", "babble")
    (bad / "status.json").write_bytes(b"\xff\x00 not json")
    (bad / "metrics.csv").write_bytes(b"step,dice\n1,\xff\n")
    with (bad / "events.jsonl").open("ab") as handle:
        handle.write(b"\xff\xff" * 50_000 + b"\n" + json.dumps({"event": "metric", "time": "", "dice": {}}).encode() + b"\n")
    (module.session.settings.runs_folder / "a file").write_text("no run")
    until(lambda: sorted(names(panel)) == ["bad", "good"], timeout=10)
    select(panel, "bad")
    assert panel.story.text
    select(panel, "good")
    assert panel.story.text.startswith("Done.")


def test_a_run_that_was_removed_leaves_the_table(module, panel, ball_model):
    copied(module, ball_model, "gone soon")
    select(panel, "gone soon")
    shutil.rmtree(module.session.settings.runs_folder / "gone soon")
    until(lambda: not names(panel), timeout=10)
    assert not panel.details.visible


def test_what_never_began_shows_its_own_last_error(module, panel):
    module.session.settings.set(BACKEND_PYTHON, sys.executable)
    training.start(module.session, "finetune", {}, name="no torch")
    until(lambda: names(panel) and cells(panel, 0)[2] == "failed", timeout=30)
    select(panel, "no torch")
    assert "not installed" in panel.story.text
    # With another backend it could go on.
    assert panel.resume_button.enabled


def test_nothing_is_looked_at_while_the_panel_is_hidden(module, panel):
    until(lambda: panel._looking is None, timeout=5)
    module._sections["runs"].collapsed = True
    scripted(module, "unseen", "race")
    until(lambda: panel._looking is None, timeout=5)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 1.5, timeout=5)
    assert names(panel) == []
    module._sections["runs"].collapsed = False
    until(lambda: names(panel) == ["unseen"], timeout=10)
    module.exit()
    assert not panel._timer.active
    module.enter()
    assert panel._timer.active


def test_hundreds_of_runs_do_not_block(module, panel, watchdog):
    folder = scripted(module, "run 000", "race")
    for number in range(1, 300):
        shutil.copytree(folder, folder.with_name(f"run {number:03d}"))
    watchdog.rest()
    until(lambda: panel.table.widget.rowCount == 300 and panel.table.complete, timeout=20)
    assert len(set(names(panel))) == 300, "each line is filled, though not at once"
    eventually(lambda: panel._looking is None or module.session.tick() or True)
    assert watchdog.longest.seconds < LONGEST_BLOCK, watchdog.longest
