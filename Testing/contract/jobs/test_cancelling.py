"""Ending a job without waiting for it."""

from __future__ import annotations

import time

from SSLSegmentationLib.contract.client import attach
from Testing.contract.jobs.helpers import eventually, is_ready, start_job
from Testing.contract.worker.helpers import alive


def look_on(job, *, grace):
    """All looks, and the longest one in seconds."""
    states, longest = [], 0.0
    looks = job.cancelling(grace)
    while True:
        before = time.monotonic()
        state = next(looks, None)
        longest = max(longest, time.monotonic() - before)
        if state is None:
            return states, longest
        states.append(state)
        time.sleep(0.02)


def test_no_look_waits_and_the_last_one_says_how_it_ended(tmp_path):
    process = start_job(tmp_path / "job", "steps")
    eventually(lambda: is_ready(tmp_path / "job"))
    states, longest = look_on(attach(tmp_path / "job"), grace=20.0)
    assert states[0] == "running" and states[-1] == "cancelled"
    assert longest < 0.5
    process.communicate()
    # It had the time to leave by itself.
    assert process.returncode == 8
    assert list(attach(tmp_path / "job").cancelling()) == ["cancelled"]


def test_a_deaf_job_is_gone_after_the_last_look(tmp_path):
    process = start_job(tmp_path / "job", "deaf")
    eventually(lambda: is_ready(tmp_path / "job"))
    before = time.monotonic()
    states, longest = look_on(attach(tmp_path / "job"), grace=1.0)
    assert time.monotonic() - before < 2.0 and longest < 0.5
    assert states[-1] == "interrupted" and not alive(process.pid)
    assert not (tmp_path / "job" / "cancel").exists()
    process.communicate()


def test_left_early_the_job_is_only_asked(tmp_path):
    process = start_job(tmp_path / "job", "steps")
    eventually(lambda: is_ready(tmp_path / "job"))
    looks = attach(tmp_path / "job").cancelling()
    assert next(looks) == "running"
    looks.close()
    assert process.wait(10) == 8
    process.communicate()
