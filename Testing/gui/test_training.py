"""Trainings seen from Slicer: started, followed, stopped, resumed, found again and deleted, with real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from SSLSegmentationLib.contract.client import attach
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.processes import process_tree
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.run import Run
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON, DATA_FOLDER, LAST_FINETUNE_RUN, Settings
from Testing.contract.jobs.helpers import SCRIPT, eventually
from Testing.gui.engine import backend_python
from Testing.gui.training_stories import stay_stopped
from Testing.harness.watchdog import LONGEST_BLOCK

ENDLESS = {"max_epochs": 100000}


@pytest.fixture
def session(scene, tmp_path):
    import slicer

    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(tmp_path / "data – ü"))
    made = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield made
    stay_stopped(made)
    made.close()


@pytest.fixture
def config(session, ball_scans):
    session.settings.set(BACKEND_PYTHON, backend_python())

    def make(**train):
        data = {"images": str(ball_scans / "images"), "labels": str(ball_scans / "labels")}
        small = {"base_width": 4, "levels": 3}
        return {"preset": "quick", "data": data, "network": small, "train": {"max_steps": None, "batch_size": 4, **train}}

    return make


def scripted(session, name, mode, *further):
    """A small job that needs no torch, started as another program would."""
    folder = session.settings.runs_folder / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, str(SCRIPT), str(folder), mode, *further]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder, process


def test_a_run_is_started_followed_and_its_model_found(session, config):
    run = training.start(session, "finetune", config(max_steps=4, validate_every=2), name="bäll / 1")
    path = Operation(training.follow(run)).wait(120)
    assert path == run.path
    assert path.name == "bäll   1"
    assert run.state == training.DONE
    assert run.command == "finetune"
    assert [row["step"] for row in run.metrics] == [2, 4, 4] or [row["step"] for row in run.metrics] == [2, 4]
    assert set(run.dice_by_tissue()) == {"label_1", "label_2"}
    assert [model.path for model in session.models.find(segments=True)] == [path]
    assert training.why_not_resumable(session, run).startswith("It is done")


def test_a_stopped_run_is_gone_in_two_seconds_and_can_go_on(session, config):
    run = training.start(session, "finetune", config(max_steps=5000), name="long")
    eventually(lambda: run.poll() and run.losses, seconds=60)
    pid = run.handle.folder.read_status().pid
    began = time.monotonic()
    assert Operation(training.stop(run)).wait(10) == training.CANCELLED
    assert time.monotonic() - began < 2.0
    assert not process_tree(pid)
    reached = run.losses[-1][0]
    assert training.why_not_resumable(session, run) == ""
    assert not session.settings.get(LAST_FINETUNE_RUN)
    again = training.resume(session, run)
    assert session.settings.get(LAST_FINETUNE_RUN) == str(run.path), "the panel Fine-tune follows it"
    eventually(lambda: again.poll() and again.losses and again.losses[-1][0] > reached, seconds=60)
    steps = [step for step, _loss in again.losses]
    assert steps == sorted(steps)
    with pytest.raises(SSLSegmentationError) as refused:
        training.delete(again)
    assert refused.value.code == "job.in_use"
    Operation(training.stop(again)).wait(10)
    training.delete(again)
    assert not again.path.exists()


def test_a_run_that_never_began_tells_its_own_last_error(session, config, tmp_path):
    no_torch = config(max_steps=2)
    session.settings.set(BACKEND_PYTHON, sys.executable)
    run = training.start(session, "finetune", no_torch, name="no torch")
    with pytest.raises(SSLSegmentationError) as failed:
        Operation(training.follow(run)).wait(60)
    assert failed.value.code in ("environment.no_torch", "environment.missing_package")
    rows = Operation(session.runs.refresh()).wait()
    assert [(row.name, row.state) for row in rows] == [("no torch", "failed")]


def test_wrong_settings_leave_no_folder_behind(session, config):
    with pytest.raises(SSLSegmentationError):
        training.start(session, "finetune", {**config(), "nonsense": 1}, name="wrong")
    assert list(session.settings.runs_folder.iterdir()) == []


def test_without_a_backend_nothing_is_started(session):
    session.settings.set(BACKEND_PYTHON, "/nowhere/python")
    with pytest.raises(SSLSegmentationError) as missing:
        training.start(session, "finetune", {}, name="x")
    assert missing.value.code == "environment.no_torch"
    assert not session.settings.runs_folder.exists()


def test_a_second_session_finds_what_the_first_one_started(session, config):
    run = training.start(session, "finetune", config(max_steps=5000), name="détaché")
    eventually(lambda: run.poll() and run.losses, seconds=60)
    session.close()
    other = Session(settings=session.settings, store=ParameterStore.of_module(session.settings))
    found = training.find_run(other, run.path)
    assert (found.name, found.state) == ("détaché", training.RUNNING)
    before = len(found.losses)
    eventually(lambda: found.poll() and len(found.losses) > before, seconds=60)
    Operation(training.stop(found)).wait(10)
    assert found.state == training.CANCELLED
    eventually(lambda: run.handle.state() == training.CANCELLED)
    other.close()


def test_two_views_of_one_run_both_see_all_of_it(session, config):
    first = training.start(session, "finetune", config(max_steps=2), name="two views")
    second = training.find_run(session, first.path)
    for run in (first, second):
        Operation(training.follow(run)).wait(120)
    assert [step for step, _loss in first.losses] == [step for step, _loss in second.losses] != []


def test_a_killed_run_is_interrupted_and_says_so(session):
    folder, process = scripted(session, "killed", "steps")
    eventually(lambda: (folder / "events.jsonl").is_file())
    run = Run(attach(folder))
    assert run.state == training.RUNNING
    process.kill()
    process.wait()
    with pytest.raises(SSLSegmentationError) as failed:
        Operation(training.follow(run)).wait(10)
    assert failed.value.code == "job.backend_died"
    assert run.state == training.INTERRUPTED
    (row,) = Operation(session.runs.refresh()).wait()
    assert row.state == training.INTERRUPTED


def test_garbage_between_the_events_is_skipped(session):
    folder, process = scripted(session, "garbage", "babble")
    assert process.wait(20) == 0
    odd = [
        {"time": "t", "event": "progress", "step": "x", "total": None, "loss": "NaN", "seconds_left": {}},
        {"time": "t", "event": "metric", "dice": "high", "dice_a": [], "step": None},
        {"time": "t", "event": "phase", "name": "resume", "step": "first"},
        {"time": "t", "event": "progress", "step": 3, "total": 6, "loss": 0.5},
    ]
    with (folder / "events.jsonl").open("ab") as handle:
        handle.write(b"\x00\xff{{{\n" + b"".join(json.dumps(one).encode() + b"\n" for one in odd) + b'{"torn')
    run = Run(attach(folder))
    Operation(training.follow(run)).wait(10)
    assert run.losses == [(3, 0.5)]
    assert run.mean_dice() is None
    assert run.dice_by_tissue() == {}
    assert run.progress.share == 0.5


def test_a_folder_removed_while_it_is_followed_ends_the_run_with_a_sentence(session, config):
    run = training.start(session, "finetune", config(max_steps=5000), name="removed")
    eventually(lambda: run.poll() and run.losses, seconds=60)
    pid = run.handle.folder.read_status().pid
    following = Operation(training.follow(run))
    following.step()
    shutil.rmtree(run.path, ignore_errors=True)
    with pytest.raises(SSLSegmentationError) as failed:
        following.wait(20)
    assert "'removed' is gone" in failed.value.message
    eventually(lambda: not process_tree(pid), seconds=5)
    assert not Operation(session.runs.refresh()).wait()


def test_a_long_history_is_read_in_small_pieces(session):
    folder, process = scripted(session, "long history", "race")
    process.wait(20)
    lines = [json.dumps({"time": "t", "event": "progress", "step": n, "total": 60000, "loss": 1 / n}) for n in range(1, 60001)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    run = Run(attach(folder))
    assert not run.caught_up
    longest, looks = 0.0, 0
    while not run.caught_up:
        began = time.thread_time()
        run.poll()
        longest, looks = max(longest, time.thread_time() - began), looks + 1
    assert looks > 50
    assert longest < LONGEST_BLOCK
    assert run.losses[0][0] == 1
    assert run.losses[-1][0] > 59000
    assert len(run.losses) <= 2000


def test_looking_at_hundreds_of_runs_takes_little_time_at_once(session):
    folder, process = scripted(session, "run 0", "race")
    process.wait(20)
    (folder / "metrics.csv").write_text("step,loss,dice,dice_a\n5,0.3,0.75,0.75\n9,0.2,0.875,0.875\n")
    for number in range(1, 500):
        shutil.copytree(folder, folder.with_name(f"run {number}"))
    (folder.parent / "no run").mkdir()
    first = _longest_tick(session)
    again = _longest_tick(session)
    assert len(session.runs.rows) == 500
    assert {row.dice for row in session.runs.rows} == {0.875}
    assert first < LONGEST_BLOCK
    assert again < LONGEST_BLOCK


def _longest_tick(session):
    """The longest step of one look at all runs, in seconds of computing."""
    operation = session.run(session.runs.refresh())
    longest = 0.0
    while operation.running:
        began = time.thread_time()
        session.tick()
        longest = max(longest, time.thread_time() - began)
    assert operation.state == "done"
    return longest


def test_a_change_of_state_is_seen_at_the_next_look(session):
    folder, process = scripted(session, "changes", "steps")
    eventually(lambda: [row.state for row in Operation(session.runs.refresh()).wait()] == [training.RUNNING])
    (row,) = session.runs.rows
    eventually(lambda: Operation(session.runs.refresh()).wait()[0].progress.share is not None)
    os.kill(process.pid, signal.SIGTERM)
    process.wait(20)
    (row,) = Operation(session.runs.refresh()).wait()
    assert (row.state, row.progress) == (training.CANCELLED, None)
    assert row.command == "pretrain"


def test_names_of_runs_are_free_and_fit_for_files(session):
    session.settings.runs_folder.mkdir(parents=True)
    assert training.new_folder(session, 'a<b>:"c"/d. ').name == "a b   c  d"
    assert training.new_folder(session, "a<b>:'c'").name == "a b  'c'"
    assert training.new_folder(session, "run").name == "run"
    assert training.new_folder(session, "run").name == "run 2"
    assert training.new_folder(session, "…").name == "…"
    assert len(training.new_folder(session, "ü" * 300).name) == 80


def test_a_run_that_hangs_is_mentioned(session):
    folder, process = scripted(session, "silent", "deaf")
    eventually(lambda: (folder / "events.jsonl").is_file() and b"deaf" in (folder / "events.jsonl").read_bytes())
    os.utime(folder / "events.jsonl", (time.time() - 1000, time.time() - 1000))
    run = Run(attach(folder))
    run.handle._heard = 0.0
    following = Operation(training.follow(run))
    following.step()
    following.step()
    text = following.progress.text
    assert "Nothing heard" in text
    began = time.monotonic()
    Operation(training.stop(run)).wait(10)
    assert time.monotonic() - began < 2.5
    process.wait(5)
