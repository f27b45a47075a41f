"""A run in its folder: what it writes, how it ends, and which folders it may take."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import signal
import threading
import time

import pytest

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import EventReader
from SSLSegmentationLib.contract.jobs import FileLock, JobFolder, JobRun
from SSLSegmentationLib.contract.jobs.lock import is_locked
from Testing.contract.jobs.test_job_folder import write_state


def open_run(folder, *, config=None, command="pretrain", resume=False, decided=None, **options):
    return JobRun.open(
        folder, config=config or Config(), command=command, resume=resume, decided=decided or {"threads": 2}, **options
    )


def refusal(code, folder, **options):
    with pytest.raises(SSLSegmentationError) as caught:
        open_run(folder, **options)
    assert caught.value.code == code
    return caught.value


def events(folder):
    return [event.event for event in EventReader(folder / "events.jsonl").poll()]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "a job ä"


def test_a_run_writes_its_config_and_state_and_ends_as_done(folder):
    config = parse({"train": {"max_steps": 5}, "pretext": {"task": "toy", "own": [1, 2]}})
    with open_run(folder, config=config, decided={"precision": "float32"}) as run:
        status = JobFolder(folder).read_status()
        assert (status.state, status.pid, status.command, status.ended) == ("running", os.getpid(), "pretrain", "")
        assert JobFolder(folder).state() == "running"
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert raw["decided"] == {"precision": "float32"} and raw["train"]["max_steps"] == 5
        assert not run.resumed and not run.already_done
        run.emit("artifact", path="model")
    job = JobFolder(folder)
    assert job.state() == "done" and not job.is_locked()
    assert job.read_status().ended >= job.read_status().started
    assert job.read_record().config == config
    assert events(folder) == ["started", "artifact", "done"]


def test_an_error_ends_it_as_failed_with_a_traceback_in_the_log(folder):
    with pytest.raises(SSLSegmentationError), open_run(folder):
        raise SSLSegmentationError("data.empty", "scan.nii is empty.", hint="Export it again.")
    job = JobFolder(folder)
    assert job.state() == "failed"
    assert job.read_status().error == {"code": "data.empty", "message": "scan.nii is empty.", "hint": "Export it again."}
    assert "Traceback" in job.log.read_text(encoding="utf-8")
    assert events(folder) == ["started", "error"]


@pytest.mark.parametrize(
    ("raised", "code", "state"),
    [
        (OSError(errno.ENOSPC, "full"), "disk.full", "failed"),
        (MemoryError(), "memory.host", "failed"),
        (type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})("x"), "memory.device", "failed"),
        (KeyboardInterrupt(), "job.cancelled", "cancelled"),
        (SSLSegmentationError("job.cancelled", "x"), "job.cancelled", "cancelled"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_errors_of_the_system_become_errors_of_the_table(folder, raised, code, state):
    with pytest.raises(SSLSegmentationError) as caught, open_run(folder):
        raise raised
    assert caught.value.code == code
    assert JobFolder(folder).state() == state
    assert JobFolder(folder).read_status().error["code"] == code


def test_a_run_stopped_at_once_says_how_to_go_on(folder):
    with pytest.raises(SSLSegmentationError, match="--resume") as caught, open_run(folder):
        raise KeyboardInterrupt
    assert str(folder) in caught.value.message
    assert "--resume" in JobFolder(folder).read_status().error["hint"]


def test_a_defect_keeps_its_own_exception(folder):
    with pytest.raises(ZeroDivisionError), open_run(folder):
        raise ZeroDivisionError("a defect")
    assert JobFolder(folder).read_status().error["code"] == "defect.internal"


def test_a_folder_that_is_in_use_is_refused_with_who_uses_it(folder):
    with open_run(folder):
        for resume in (False, True):
            error = refusal("job.in_use", folder, resume=resume)
            assert error.exit_code == 7 and str(os.getpid()) in error.message


def test_a_run_that_has_not_written_anything_yet_is_in_use(folder):
    folder.mkdir()
    lock = FileLock(folder / "lock")
    assert lock.acquire()
    for resume in (False, True):
        refusal("job.in_use", folder, resume=resume)
    lock.release()


@pytest.mark.parametrize("state", ["running", "done", "failed", "cancelled"])
def test_a_folder_that_holds_a_job_is_refused_and_unchanged(folder, state):
    write_state(folder, state)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    error = refusal("job.exists", folder)
    assert error.exit_code == 2 and "--resume" in error.hint
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_with_other_files_is_taken(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with open_run(folder):
        pass
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("state", ["running", "failed", "cancelled"])
def test_a_job_that_did_not_end_well_goes_on_with_what_was_decided(folder, state):
    write_state(folder, state)
    with open_run(folder, resume=True, decided={"threads": 64}) as run:
        assert run.resumed and run.decided == {"threads": 1}
        assert JobFolder(folder).state() == "running"
        assert JobFolder(folder).read_status().error is None
    assert JobFolder(folder).state() == "done"


def test_resuming_what_is_done_changes_nothing(folder):
    write_state(folder, "done")
    (folder / "cancel").touch()
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}
    with open_run(folder, resume=True, config=parse({"seed": 9})) as run:
        assert run.already_done
        run.emit("phase", name="nothing")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"} == before
    assert not JobFolder(folder).is_locked()


@pytest.mark.parametrize(("before", "given", "began"), [("/a", "/b", "from /a"), (None, "/b", "without a pretrained model")])
def test_resuming_with_another_pretrained_model_is_refused(folder, before, given, began):
    with pytest.raises(SSLSegmentationError), open_run(folder, decided={"pretrained": before} if before else {}):
        raise SSLSegmentationError("job.cancelled", "x")
    error = refusal("config.conflict", folder, resume=True, decided={"pretrained": given})
    assert began in error.message and given in error.message


def test_resuming_takes_the_pretrained_model_of_the_job_whether_it_is_named_again_or_not(folder):
    for decided in ({"pretrained": "/a"}, {"pretrained": "/a"}, {"threads": 1}):
        with pytest.raises(SSLSegmentationError), open_run(folder, resume=folder.exists(), decided=decided) as run:
            assert run.decided["pretrained"] == "/a"
            raise SSLSegmentationError("job.cancelled", "x")


def test_nothing_to_resume_leaves_nothing_behind(folder):
    assert refusal("job.nothing_to_resume", folder, resume=True).exit_code == 2
    assert not folder.exists()
    folder.mkdir()
    refusal("job.nothing_to_resume", folder, resume=True)
    assert list(folder.iterdir()) == []


def test_a_status_without_config_cannot_be_resumed(folder):
    write_state(folder, "failed")
    (folder / "config.json").unlink()
    refusal("job.nothing_to_resume", folder, resume=True)
    refusal("job.exists", folder)


def test_a_start_that_cannot_write_its_config_leaves_the_folder_free(folder):
    (folder / "config.json").mkdir(parents=True)
    with pytest.raises(SSLSegmentationError):
        open_run(folder)
    assert not (folder / "status.json").exists()
    (folder / "config.json").rmdir()
    with open_run(folder):
        pass
    assert JobFolder(folder).state() == "done"


@pytest.mark.parametrize("resume", [False, True])
def test_what_a_killed_run_was_writing_is_removed_and_nothing_else(folder, resume):
    if resume:
        write_state(folder, "running")
    left = [".0123abcd.json", "checkpoint/.89abcdef.safetensors", ".00ff00ff.model/weights.safetensors", "model/.deadbeef"]
    kept = [".notes.txt", ".0123abcd0.json", "0123abcd.json", "checkpoint/step-000000002.safetensors", "mine/.0123abcd.json"]
    for name in (*left, *kept):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    with open_run(folder, resume=resume, decided={"threads": 1}):
        assert not [name for name in left if (folder / name).exists()]
    assert not (folder / ".00ff00ff.model").exists()
    assert all((folder / name).is_file() for name in kept)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"command": "pretrain", "decided": []}', "\xff"])
def test_a_damaged_config_cannot_be_resumed(folder, text):
    write_state(folder, "failed")
    (folder / "config.json").write_text(text, encoding="latin-1")
    refusal("config.unreadable", folder, resume=True)
    assert not JobFolder(folder).is_locked()


def test_a_file_in_the_folders_place_is_refused(folder):
    folder.write_text("a file")
    refusal("job.not_a_job", folder)


def test_another_config_is_refused_with_the_settings_that_differ(folder):
    write_state(folder, "failed")
    other = parse({"seed": 2, "train": {"batch_size": 3}, "pretext": {"own": 1}})
    error = refusal("config.conflict", folder, resume=True, config=other)
    assert all(key in error.message for key in ("seed", "train.batch_size", "pretext.own"))
    assert JobFolder(folder).state() == "failed"


def test_another_command_is_refused(folder):
    write_state(folder, "failed")
    assert "'pretrain'" in refusal("config.conflict", folder, resume=True, command="finetune").message


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ({"max_steps": 5}, {"max_steps": 9}, True),
        ({"max_steps": 5}, {"max_steps": 5}, True),
        ({"max_steps": 5, "max_minutes": 1}, {"max_minutes": 2}, True),
        ({"max_steps": 5}, {}, True),
        ({"max_steps": 5}, {"max_steps": 4}, False),
        ({"max_steps": 5}, {"max_steps": 5, "max_minutes": 1}, False),
    ],
)
def test_budgets_may_be_raised_but_not_lowered(folder, before, after, fits):
    write_state(folder, "cancelled", config=parse({"train": before}))
    config = parse({"train": after})
    if not fits:
        refusal("config.conflict", folder, resume=True, config=config)
        return
    expected = parse({"train": {**before, **after}})
    with open_run(folder, resume=True, config=config) as run:
        assert run.config == expected
    assert JobFolder(folder).read_record().config == expected


def test_where_the_values_came_from_does_not_matter(folder):
    config = parse({"preset": "quick"})
    write_state(folder, "cancelled", config=config)
    with open_run(folder, resume=True, config=dataclasses.replace(config, preset="default")) as run:
        assert run.config.preset == "quick"


def test_a_cancel_file_stops_it_and_is_gone_afterwards(folder):
    with pytest.raises(SSLSegmentationError) as caught, open_run(folder) as run:
        run.check_cancelled()
        JobFolder(folder).request_cancel()
        run._next_check = 0.0
        assert run.cancel_requested() and run.cancel_requested()
        run.check_cancelled()
    assert caught.value.exit_code == 8
    assert JobFolder(folder).state() == "cancelled"
    assert not (folder / "cancel").exists()


def test_a_request_for_an_earlier_run_does_not_stop_this_one(folder):
    write_state(folder, "cancelled")
    JobFolder(folder).request_cancel()
    with open_run(folder, resume=True) as run:
        assert not run.cancel_requested()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_a_request_and_the_second_an_order(folder, number):
    before = signal.getsignal(number)
    with pytest.raises(SSLSegmentationError) as caught, open_run(folder) as run:
        os.kill(os.getpid(), number)
        assert run.cancel_requested()
        os.kill(os.getpid(), number)
    assert caught.value.code == "job.cancelled"
    assert signal.getsignal(number) is before
    assert JobFolder(folder).state() == "cancelled"


def test_a_run_in_a_thread_leaves_signals_alone(folder):
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with open_run(folder):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_progress_is_written_some_times_a_second_and_at_the_end(folder):
    with open_run(folder) as run:
        for step in range(1, 2001):
            run.progress(step, 2000, 1.5, loss=0.5)
    found = [event for event in EventReader(folder / "events.jsonl").poll() if event.event == "progress"]
    assert 2 <= len(found) < 40
    assert found[-1].fields == {"step": 2000, "total": 2000, "seconds_left": 1.5, "loss": 0.5}


def test_a_phase_begins_with_a_progress_of_its_own_however_fast_it_is(folder, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    with open_run(folder) as run:
        run.progress(1, 9, phase="reading")
        run.emit("phase", name="train", step=0)
        for step in range(1, 5):
            run.progress(step, 4, loss=0.5)
    found = [event.fields["step"] for event in EventReader(folder / "events.jsonl").poll() if event.event == "progress"]
    assert found == [1, 1, 4]


def test_asking_for_a_cancel_is_cheap(folder):
    with open_run(folder) as run:
        looked = []
        run.folder.cancel = type("Watched", (), {"exists": lambda self: looked.append(1) or False, "unlink": lambda self: None})()
        for _ in range(10_000):
            run.cancel_requested()
    assert len(looked) < 10


def test_warnings_and_log_lines_reach_the_log(folder):
    heard = []
    with open_run(folder, on_event=heard.append) as run:
        run.warn("sizes shrink to the data ☃")
        logging.getLogger("SSLSegmentationLib.learning").info("a line")
    logging.getLogger("SSLSegmentationLib.learning").info("too late")
    text = (folder / "log.txt").read_text(encoding="utf-8")
    assert "sizes shrink to the data ☃" in text and "a line" in text and "too late" not in text
    assert [event.event for event in heard] == ["started", "warning", "done"]


def test_a_listener_that_fails_fails_the_run(folder):
    def listen(event):
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        open_run(folder, on_event=listen)
    assert JobFolder(folder).state() == "failed" and not is_locked(folder / "lock")


def test_a_run_goes_on_when_its_watcher_leaves(folder):
    heard = []

    def listen(event):
        heard.append(event)
        raise BrokenPipeError("gone")

    with open_run(folder, on_event=listen) as run:
        run.emit("phase", name="a")
    assert len(heard) == 1 and JobFolder(folder).state() == "done"


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "job", tmp_path / ("long" * 100)):
        refusal("usage.arguments", place)
    refusal("job.not_a_job", "/proc/no-such-place/job")
