"""The backends in a folder: `backend.json` names the one in use, each lies in a numbered folder of its own.

An environment can't be moved, so a new one is built under its final name and only then does the pointer change.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional

from SSLSegmentationLib.contract.client import clean_environment
from SSLSegmentationLib.contract.files import PathLike, write_text
from SSLSegmentationLib.contract.python_command import python_command

_POINTER = "backend.json"
# In every environment that is made here: no other folder is ever removed.
_MARK = "made-by-SSLSegmentation.txt"
_UNFINISHED, _FINISHED = "unfinished\n", "finished\n"
_FORMAT = 1
LOG_NAME = "install.log"
LOCK_NAME = "install.lock"

# What a removal left, it tries again for some seconds: Windows holds files for a moment after their process has ended.
_REMOVE = """
import os, shutil, sys, time
for attempt in range(20):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.exists(sys.argv[1]):
        break
    time.sleep(0.25)
"""
_removals: "List[subprocess.Popen[bytes]]" = []


@dataclass(frozen=True)
class Backend:
    """An installed backend: `python` runs it, `folder` is its environment ("" for a Python that the person looks after)."""

    python: str
    folder: str = ""


def python_of(environment: PathLike) -> str:
    """The Python of a virtual environment."""
    if sys.platform == "win32":
        return str(Path(environment) / "Scripts" / "python.exe")
    return str(Path(environment) / "bin" / "python")


def read_backend(folder: PathLike) -> Optional[Backend]:
    """The backend in use in `folder`; None where there is none, or nothing that can be started."""
    root = Path(folder)
    try:
        pointer = json.loads((root / _POINTER).read_text(encoding="utf-8"))
        environment = root / str(pointer["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    python = python_of(environment)
    return Backend(python, str(environment)) if _number(environment) and Path(python).is_file() else None


def begin_environment(environment: Path) -> None:
    """Makes the folder of a backend that is to be installed."""
    environment.mkdir(parents=True)
    write_text(environment / _MARK, _UNFINISHED)


def write_backend(folder: PathLike, environment: Path) -> Backend:
    """Makes the environment the one in use."""
    write_text(environment / _MARK, _FINISHED)
    facts = {"format": _FORMAT, "folder": environment.name}
    write_text(Path(folder) / _POINTER, json.dumps(facts, indent=2) + "\n")
    return Backend(python_of(environment), str(environment))


def environments(folder: PathLike) -> List[Path]:
    """All numbered folders, finished or not, by number."""
    try:
        return sorted((path for path in Path(folder).iterdir() if _number(path)), key=_number)
    except OSError:
        return []


def next_environment(folder: PathLike) -> Path:
    """The folder of the next backend; it does not exist yet."""
    return Path(folder) / f"backend-{max((_number(path) for path in environments(folder)), default=0) + 1}"


def _number(path: Path) -> int:
    match = re.fullmatch(r"backend-([1-9]\d{0,5})", path.name)
    return int(match.group(1)) if match else 0


def in_use(environment: Path) -> bool:
    """Whether a process runs from it, such as a detached training."""
    needle = os.fsencode(environment) + os.fsencode(os.sep)
    if sys.platform == "win32":
        return _is_held(Path(python_of(environment)))
    if sys.platform != "linux":
        listing = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, check=False)
        return needle in listing.stdout
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if needle in (process / "cmdline").read_bytes():
                    return True
    return False


def _is_held(program: Path) -> bool:
    """Whether Windows refuses to open a program for writing, as it does while the program runs."""
    try:
        with program.open("r+b"):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def remove_unused(folder: PathLike, *, python: PathLike) -> List[Path]:
    """Starts the removal of backends that were made here and have been replaced or not finished; gives what goes.

    Those that something still runs from stay. Where none is known to be in use, only unfinished ones go.
    """
    kept = read_backend(folder)
    going = [path for path in environments(folder) if _may_go(path, kept) and not in_use(path)]
    for path in going:
        start_removal(path, python=python)
    return going


def _may_go(environment: Path, kept: Optional[Backend]) -> bool:
    try:
        mark = (environment / _MARK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    replaced = kept is not None and kept.folder != str(environment)
    return mark == _UNFINISHED or (mark == _FINISHED and replaced)


def start_removal(environment: Path, *, python: PathLike) -> None:
    """Removes a folder in a process of its own: ten thousand files take seconds, which a window can't wait for."""
    removing()
    own: Any = {"start_new_session": True}
    if sys.platform == "win32":
        own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    with contextlib.suppress(OSError):
        _removals.append(
            subprocess.Popen(
                [*python_command(python), "-c", _REMOVE, str(environment)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=clean_environment(),
                # Not in the folder that goes.
                cwd=environment.parent,
                close_fds=True,
                **own,
            )
        )


def removing() -> bool:
    """Whether a removal is still under way."""
    _removals[:] = [process for process in _removals if process.poll() is None]
    return bool(_removals)
