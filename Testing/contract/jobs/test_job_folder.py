"""A job folder seen from outside: its state, whatever its files hold."""

from __future__ import annotations

import json

import pytest

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.jobs import FileLock, JobFolder, JobStatus
from SSLSegmentationLib.contract.jobs.record import JobRecord


def write_state(folder, state, *, config=None, command="pretrain"):
    """A folder as a run leaves it behind."""
    folder.mkdir(parents=True, exist_ok=True)
    job = JobFolder(folder)
    job.write_record(JobRecord(command=command, config=config or Config(), decided={"threads": 1}))
    error = {"code": "data.empty", "message": "m", "hint": "h"} if state == "failed" else None
    job.write_status(JobStatus(state=state, command=command, pid=1, host="elsewhere", started="t", error=error))
    return job


@pytest.mark.parametrize(
    ("written", "seen"), [("running", "interrupted"), ("done", "done"), ("failed", "failed"), ("cancelled", "cancelled")]
)
def test_the_state_is_the_last_one_and_a_run_whose_lock_is_free_was_interrupted(tmp_path, written, seen):
    assert write_state(tmp_path, written).state() == seen


def test_a_run_whose_lock_is_held_runs(tmp_path):
    job = write_state(tmp_path, "running")
    lock = FileLock(job.lock)
    assert lock.acquire()
    assert job.state() == "running"
    lock.release()
    assert job.state() == "interrupted"


def test_no_job_has_no_state(tmp_path):
    assert JobFolder(tmp_path).state() is None
    assert JobFolder(tmp_path / "gone").state() is None
    (tmp_path / "lock").touch()
    assert JobFolder(tmp_path).state() is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"state": "of a later version"}',
        b'{"state": ["running"]}',
        b'{"state": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_damaged_status_counts_as_interrupted(tmp_path, text):
    job = write_state(tmp_path, "done")
    job.status.write_bytes(text)
    assert job.read_status() is None
    assert job.state() == "interrupted"


def test_a_status_with_odd_fields_is_read(tmp_path):
    job = write_state(tmp_path, "done")
    job.status.write_text(json.dumps({"state": "failed", "pid": "7", "host": 5, "error": "text", "started": None}))
    assert job.read_status() == JobStatus(state="failed")


def test_what_is_written_is_read(tmp_path):
    status = JobStatus("failed", "finetune", 7, "host", "a", "b", {"code": "data.empty", "message": "ä", "hint": "h"})
    job = JobFolder(tmp_path)
    job.write_status(status)
    assert job.read_status() == status


def test_a_request_to_stop_can_be_taken_back_twice(tmp_path):
    job = JobFolder(tmp_path)
    job.request_cancel()
    assert job.cancel.is_file()
    job.clear_cancel()
    job.clear_cancel()
    assert not job.cancel.exists()
