"""Workers in real processes, and programs that take the place of a worker's Python."""

from __future__ import annotations

import stat
import sys
import time
from pathlib import Path

from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.worker import Request

# In the words of a fake Python: the worker's folder, and what is said once it is up.
FAKE = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
folder = Path(sys.argv[sys.argv.index("--folder") + 1])
def event(request, name, **fields):
    with open(request["folder"] + "/events.jsonl", "ab") as handle:
        handle.write(json.dumps({"time": "t", "event": name, **fields}).encode() + b"\\n")
(folder / "hello.json").write_text(json.dumps({"version": "0"}))
"""


def program(path: Path, code: str) -> Path:
    """An executable Python program."""
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def fake_python(path: Path, code: str) -> Path:
    """A worker of its own kind: `code` reads requests from stdin and writes events."""
    return program(path, FAKE + code)


def real_python(path: Path, *, prelude: str) -> Path:
    """A Python that runs `prelude` first and is the real one then."""
    return program(
        path,
        "import os, sys\nwords = sys.argv[1:]\nat = words.index('-c') + 1\n"
        f"words[at] = {prelude!r} + chr(10) + words[at]\nos.execv({sys.executable!r}, [{sys.executable!r}, *words])",
    )


def finish(request: Request, *, seconds: float = 30.0, events: list[Event] | None = None) -> Request:
    """Follows a request to its end; its events are added to `events`."""
    until = time.monotonic() + seconds
    while not request.ended:
        found = request.poll()
        if events is not None:
            events += found
        assert time.monotonic() < until, f"{request.state} after {seconds} s"
        time.sleep(0.01)
    return request


def started(request: Request, *, seconds: float = 30.0, events: list[Event] | None = None) -> Request:
    """Follows a request until it runs."""
    until = time.monotonic() + seconds
    while request.state == "waiting":
        found = request.poll()
        if events is not None:
            events += found
        assert time.monotonic() < until
        time.sleep(0.01)
    assert request.state == "running", request.error
    return request


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False
