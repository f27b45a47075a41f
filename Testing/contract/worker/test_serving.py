"""Pieces of the worker on their own: what a Python process that is measured or killed can't show."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import EventReader
from SSLSegmentationLib.contract.jobs.processes import TreeEnd
from SSLSegmentationLib.contract.reporting import Following, Reporter
from SSLSegmentationLib.contract.worker import watch as watching
from SSLSegmentationLib.contract.worker.hello import has_torch
from SSLSegmentationLib.contract.worker.parent import is_alive
from SSLSegmentationLib.contract.worker.protocol import Message
from SSLSegmentationLib.contract.worker.server import serve
from SSLSegmentationLib.contract.worker.watch import Watch
from Testing.contract.jobs.helpers import eventually


class Told(Reporter):
    """Keeps the progress; stops when `stop` is set."""

    def __init__(self):
        self.progresses = []
        self.stop = False

    def progress(self, text, *, share=None, seconds_left=None):
        self.progresses.append((text, share, seconds_left))

    def cancelled(self):
        return self.stop


def serve_one(folder, run, **options):
    """Serves one request and the end of the input; gives the exit code and the request's events."""
    reading, writing = os.pipe()
    os.write(writing, Message("1", folder, ("word", "other")).as_line())
    codes = []
    thread = threading.Thread(target=lambda: codes.append(serve(run, descriptor=reading, **{"idle_seconds": 30.0, **options})))
    thread.start()
    events = []
    reader = EventReader(folder / "events.jsonl")
    until = time.monotonic() + 20
    while thread.is_alive() and not any(event.event in ("done", "error") for event in events) and time.monotonic() < until:
        events += reader.poll()
        time.sleep(0.01)
    os.close(writing)
    thread.join(20)
    os.close(reading)
    events += reader.poll()
    return codes[0], events


def test_what_a_command_tells_becomes_events_in_order(tmp_path):
    def run(words, reporter):
        print("some output", words)
        for step in range(100):
            reporter.progress("working", share=step / 100, seconds_left=1.0)
        reporter.progress("working", share=1.0)
        reporter.warn("something")
        reporter.fault(SSLSegmentationError("data.empty", "a is empty."))
        return 3

    code, events = serve_one(tmp_path, run, prepare=lambda: None)
    assert code == 0
    assert [event.event for event in events] == ["started", "progress", "progress", "warning", "done"]
    assert events[0].fields["command"] == "word" and events[2].fields == {"phase": "working", "share": 1.0, "seconds_left": None}
    assert events[-1].fields["exit_code"] == 3 and events[-1].fields["faults"][0]["code"] == "data.empty"
    assert (tmp_path / "output.txt").read_text() == "some output ('word', 'other')\n"


def test_an_exit_code_without_a_reason_is_a_defect(tmp_path):
    code, events = serve_one(tmp_path, lambda words, reporter: 9)
    assert (code, events[-1].event, events[-1].fields["code"]) == (0, "error", "defect.internal")


def test_a_cancel_file_stops_a_command_that_asks(tmp_path):
    def run(words, reporter):
        (tmp_path / "cancel").touch()
        for _ in range(500):
            time.sleep(0.01)
            try:
                reporter.check_cancelled()
            except SSLSegmentationError as error:
                reporter.fail(error)
                return error.exit_code
        return 0

    _, events = serve_one(tmp_path, run)
    assert events[-1].fields["code"] == "job.cancelled" and events[-1].fields["exit_code"] == 8


def test_a_worker_ends_after_a_command_that_ran_out_of_memory(tmp_path):
    def run(words, reporter):
        reporter.fail(SSLSegmentationError("memory.host", "No memory."))
        return 5

    code, events = serve_one(tmp_path, run)
    assert code == 0 and events[-1].fields["code"] == "memory.host"


def test_a_folder_that_goes_away_during_a_request_is_no_defect(tmp_path):
    folder = tmp_path / "request"
    folder.mkdir()

    def run(words, reporter):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return 0

    code, _ = serve_one(folder, run, idle_seconds=0.5)
    assert code == 0


def test_output_that_cannot_be_written_is_the_requests_error(tmp_path):
    (tmp_path / "output.txt").symlink_to("/dev/full")

    def run(words, reporter):
        print("x" * 100_000)
        return 0

    _, events = serve_one(tmp_path, run)
    assert events[-1].fields["code"] == "disk.full"


def test_a_worker_whose_events_cannot_be_written_ends_with_6(tmp_path):
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    reading, writing = os.pipe()
    os.write(writing, Message("1", tmp_path, ("word",)).as_line())
    assert serve(lambda words, reporter: 0, descriptor=reading, idle_seconds=30.0) == 6
    os.close(writing)


def test_work_that_does_not_stop_is_ended_by_force(tmp_path, monkeypatch):
    ended = []
    monkeypatch.setattr(watching, "end_now", ended.append)
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", 0.1)
    watch = Watch(parent=None, gone=threading.Event(), on_gone=lambda: None)
    watch.begin(tmp_path, on_forced_end=lambda: ended.append("told"))
    watch.start()
    time.sleep(0.3)
    assert not ended and not watch.cancelled()
    (tmp_path / "cancel").touch()
    eventually(lambda: ended[:2] == ["told", 8], seconds=5)
    assert watch.cancelled()
    watch.end()


def test_the_end_of_the_parent_is_noticed(tmp_path):
    parent = subprocess.Popen(["sleep", "60"])
    gone, told = threading.Event(), []
    Watch(parent=parent.pid, gone=gone, on_gone=lambda: told.append(1)).start()
    assert is_alive(parent.pid) and is_alive(1)
    time.sleep(0.3)
    assert not gone.is_set()
    parent.kill()
    parent.wait()
    eventually(gone.is_set, seconds=5)
    assert told == [1] and not is_alive(parent.pid)


def test_the_helper_that_ends_a_tree_on_windows_opens_no_window(monkeypatch):
    started = []

    class Helper:
        def __init__(self, command, **settings):
            started.append((command, settings["creationflags"]))

        def poll(self):
            return 0

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "Popen", Helper)
    assert not TreeEnd(4711).look()
    assert started == [(["taskkill", "/T", "/F", "/PID", "4711"], 0x08000000)]


def test_progress_over_several_scans_grows_and_estimates_the_rest():
    told = Told()
    following = Following(told, total=2)
    for _ in range(2):
        following.begin()
        following.tell(0.5)
        following.tell(1.0)
    assert [share for _, share, _ in told.progresses] == [0.0, 0.25, 0.5, 0.5, 0.75, 1.0]
    assert told.progresses[0] == ("scan 1 of 2", 0.0, None)
    assert told.progresses[-1][0] == "scan 2 of 2" and told.progresses[-1][2] == 0.0
    told.stop = True
    with pytest.raises(SSLSegmentationError, match="cancelled"):
        following.begin()


def test_a_command_that_nobody_follows_goes_on_undisturbed():
    reporter = Reporter()
    reporter.progress("x", share=0.5)
    reporter.warn("x")
    reporter.fault(SSLSegmentationError("data.empty", "x"))
    reporter.check_cancelled()
    assert not reporter.cancelled()


def test_whether_torch_is_there_is_told_without_importing_it(monkeypatch):
    assert has_torch()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not has_torch()
