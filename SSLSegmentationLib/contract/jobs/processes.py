"""A process and all that it started: found and ended without further packages."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Set

_POLL_SECONDS = 0.02


class _Entry(NamedTuple):
    parent: int
    group: int


def _from_proc() -> Dict[int, _Entry]:
    """Every live process of Linux by id, with its parent and process group."""
    table = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in brackets may hold anything, brackets too; what follows the last one is fixed.
            state, parent, group = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:3]
            if state not in (b"Z", b"X"):
                table[int(folder.name)] = _Entry(int(parent), int(group))
    return table


def _from_ps() -> Dict[int, _Entry]:
    """The same on other POSIX systems."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], capture_output=True, text=True, check=False)
    table = {}
    for line in listing.stdout.splitlines():
        with contextlib.suppress(ValueError):
            pid, parent, group, state = line.split(None, 3)
            if not state.startswith("Z"):
                table[int(pid)] = _Entry(int(parent), int(group))
    return table


def process_tree(pid: int) -> Set[int]:
    """`pid` where it lives, all that descends from it, and what is left of the process group that it leads."""
    table = _from_proc() if sys.platform.startswith("linux") else _from_ps()
    # The group of a process that did not found one is that of whoever started it: not ours to end.
    leads = pid in table and table[pid].group == pid
    members = {number for number, entry in table.items() if number == pid or ((leads or pid not in table) and entry.group == pid)}
    while True:
        further = {number for number, entry in table.items() if entry.parent in members} - members
        if not further:
            return members
        members |= further


def _signal(pids: Set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def terminate_tree(pid: int) -> None:
    """Asks a process and its children to end."""
    if sys.platform == "win32":
        # Windows has no such request for a process without window; the cancel file has asked before.
        return
    _signal(process_tree(pid), signal.SIGTERM)


class TreeEnd:
    """Ends a process and its children by force, without waiting: `look` again and again until nothing is left.

    `pid` may have ended already: then what is left of its group goes. The system gives its number to no other process
    as long as that group has members.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._found: Set[int] = set()
        self._helper: Optional["subprocess.Popen[bytes]"] = None

    def look(self) -> bool:
        """Kills what is there; whether anything may be left."""
        if sys.platform == "win32":
            return self._look_on_windows()
        # Orphans of the last look are still in the group; what was found once is looked for again.
        self._found = {number for member in {self._pid, *self._found} for number in process_tree(member)}
        _signal(self._found, signal.SIGKILL)
        return bool(self._found)

    def _look_on_windows(self) -> bool:
        if self._helper is None:
            command = ["taskkill", "/T", "/F", "/PID", str(self._pid)]
            no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
            self._helper = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, creationflags=no_window
            )
        return self._helper.poll() is None


def kill_tree(pid: int, *, patience: float) -> bool:
    """Ends a process and its children by force; whether none is left after `patience` seconds. See `TreeEnd`."""
    end = TreeEnd(pid)
    until = time.monotonic() + patience
    while end.look():
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True
