"""Starting the small job, and waiting for what a process does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

SCRIPT = Path(__file__).with_name("job_script.py")


def start_job(folder: Path, mode: str, *further: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), mode, *further], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def eventually(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    """Waits until `condition` holds; fails where it does not in time."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not in {seconds} s"
        time.sleep(0.01)


def is_ready(folder: Path) -> bool:
    events = folder / "events.jsonl"
    return events.is_file() and b'"ready"' in events.read_bytes()
