"""The session's folder for exchanged files, and its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import BACKEND_PYTHON
from Testing.contract.worker.helpers import alive, fake_python
from Testing.harness.watchdog import pump


def _ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_program_left_is_removed_and_nothing_else(session: Session, tmp_path: Path) -> None:
    left = tmp_path / f"SSLSegmentation-{_ended()}-abc"
    of_another_program = tmp_path / f"SSLSegmentation-{os.getppid()}-def"
    by_chance = tmp_path / "SSLSegmentation-of-mine"
    for folder in (left, of_another_program, by_chance):
        folder.mkdir()
        (folder / "scan.nrrd").write_bytes(b"voxels")
    assert pump(lambda: not session.tick(), timeout=10)
    assert not left.exists()
    assert (of_another_program / "scan.nrrd").is_file() and (by_chance / "scan.nrrd").is_file()
    assert session.scratch.is_dir() and session.scratch.stat().st_mode & 0o077 == 0
    session.close()
    assert not session.scratch.exists()


def test_a_change_of_the_backends_python_waits_for_nothing(session: Session, tmp_path: Path) -> None:
    deaf = fake_python(tmp_path / "deaf", "time.sleep(60)")
    other = fake_python(tmp_path / "other", "sys.stdin.read()")
    session.settings.set(BACKEND_PYTHON, str(deaf))
    session.engine.warm()
    assert pump(lambda: session.engine.hello() is not None, timeout=30)
    pid = session.engine.pid
    assert pid is not None
    session.settings.set(BACKEND_PYTHON, str(other))
    began = time.monotonic()
    session.engine.warm()
    assert time.monotonic() - began < 0.5
    assert session.engine.pid != pid
    assert pump(lambda: session.tick() or not alive(pid), timeout=10)
