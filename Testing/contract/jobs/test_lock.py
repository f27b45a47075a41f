"""The lock: one holder, freed by its end."""

from __future__ import annotations

import os
import time

import pytest

from SSLSegmentationLib.contract.jobs.lock import FileLock, is_locked


def test_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    first, second = FileLock(path), FileLock(path)
    assert first.acquire() and not second.acquire()
    assert is_locked(path)
    first.release()
    first.release()
    assert not is_locked(path)
    assert second.acquire()
    second.release()
    assert path.is_file()


def test_no_file_is_no_lock(tmp_path):
    assert not is_locked(tmp_path / "lock")


def test_a_forked_worker_does_not_keep_the_lock(tmp_path):
    path = tmp_path / "lock"
    lock = FileLock(path)
    assert lock.acquire()
    ready, sleeping = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(sleeping, b"x")
        time.sleep(20)
        os._exit(0)
    os.read(ready, 1)
    assert is_locked(path), "the fork freed its parent's lock"
    lock.release()
    assert not is_locked(path), "the fork keeps the lock"
    os.kill(child, 9)
    os.waitpid(child, 0)


def test_a_look_at_the_lock_does_not_disturb_a_run_that_starts(tmp_path):
    path = tmp_path / "lock"
    child = os.fork()
    if child == 0:
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            is_locked(path)
        os._exit(0)
    lock = FileLock(path)
    for _ in range(200):
        assert lock.acquire()
        lock.release()
    os.waitpid(child, 0)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "gone" / "lock").acquire()
