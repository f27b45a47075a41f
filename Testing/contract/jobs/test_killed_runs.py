"""Runs in processes of their own: killed, raced, stopped, out of disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import EventReader
from SSLSegmentationLib.contract.jobs import JobFolder, JobRun
from Testing.contract.jobs.helpers import SCRIPT, eventually, is_ready, start_job
from Testing.disks import small_disk


def test_a_killed_run_is_interrupted_and_its_lock_free(tmp_path):
    process = start_job(tmp_path, "steps")
    eventually(lambda: is_ready(tmp_path))
    job = JobFolder(tmp_path)
    assert job.state() == "running" and job.read_status().pid == process.pid
    process.kill()
    process.communicate()
    assert job.state() == "interrupted" and not job.is_locked()
    resumed = start_job(tmp_path, "none", "--resume")
    resumed.communicate()
    assert resumed.returncode == 0 and job.state() == "done"


def test_workers_that_outlive_a_killed_run_do_not_keep_its_lock(tmp_path):
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path), "fork"],
        start_new_session=True,
    )
    eventually(lambda: is_ready(tmp_path))
    time.sleep(0.2)
    process.kill()
    process.wait()
    assert JobFolder(tmp_path).state() == "interrupted"
    os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_an_orderly_cancel(tmp_path, number):
    process = start_job(tmp_path, "steps")
    eventually(lambda: is_ready(tmp_path))
    process.send_signal(number)
    _, errors = process.communicate()
    assert process.returncode == 8, errors
    assert JobFolder(tmp_path).state() == "cancelled"
    assert b"Traceback" not in errors


def test_the_cancel_file_stops_a_run(tmp_path):
    process = start_job(tmp_path, "steps")
    eventually(lambda: is_ready(tmp_path))
    (tmp_path / "cancel").touch()
    process.communicate(timeout=10)
    assert process.returncode == 8 and JobFolder(tmp_path).state() == "cancelled"


def test_of_several_runs_that_want_one_folder_exactly_one_gets_it(tmp_path):
    processes = [start_job(tmp_path / "job", "race") for _ in range(5)]
    codes = []
    for process in processes:
        process.communicate()
        codes.append(process.returncode)
    assert codes.count(0) == 1
    assert set(codes) <= {0, 2, 7}
    assert JobFolder(tmp_path / "job").state() == "done"
    started = [event for event in EventReader(tmp_path / "job" / "events.jsonl").poll() if event.event == "started"]
    assert len(started) == 1


def test_a_run_that_dies_without_a_word_is_interrupted(tmp_path):
    process = start_job(tmp_path, "die")
    process.communicate()
    assert process.returncode == 3 and JobFolder(tmp_path).state() == "interrupted"


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_a_disk_that_fills_up_fails_the_run_and_its_state_says_so(disk):
    with (
        pytest.raises(SSLSegmentationError) as caught,
        JobRun.open(disk / "job", config=Config(), command="pretrain", resume=False, decided={}) as run,
    ):
        while True:
            run.emit("phase", name="x" * 1000)
    assert caught.value.code == "disk.full" and caught.value.exit_code == 6
    job = JobFolder(disk / "job")
    assert job.state() == "failed" and job.read_status().error["code"] == "disk.full"
    assert len(EventReader(job.events).poll()) > 10


def test_a_full_disk_refuses_a_run_in_one_line(disk):
    with pytest.raises(OSError, match="No space left"), (disk / "ballast").open("wb", buffering=0) as handle:
        while True:
            handle.write(b"x" * 4096)
    with pytest.raises(SSLSegmentationError) as caught:
        JobRun.open(disk / "job", config=Config(), command="pretrain", resume=False, decided={})
    assert caught.value.code == "disk.full"
