"""A job seen by whoever follows it: its events, its state, its last error, and the ways to stop it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from typing import Any, Dict, Iterator, List, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import Event, EventReader
from SSLSegmentationLib.contract.jobs.folder import CANCELLED, FAILED, RUNNING, JobFolder
from SSLSegmentationLib.contract.jobs.last_words import as_error, log_tail, printed_error
from SSLSegmentationLib.contract.jobs.processes import TreeEnd, process_tree, terminate_tree

_POLL_SECONDS = 0.02
# Shares of the grace period that a run has after the cancel file, and after SIGTERM; the rest is for the kill.
_SHARE_FILE, _SHARE_TERM = 0.5, 0.3


class JobHandle:
    """Follows one job; `process` is the backend where this process started it."""

    def __init__(self, folder: JobFolder, *, process: Optional["subprocess.Popen[bytes]"] = None) -> None:
        self.folder = folder
        self._process = process
        self._reader = EventReader(folder.events)
        self._cancelled = False
        self._heard = time.time()

    def twin(self) -> "JobHandle":
        """Another view of the same job: it reads the events from their start, without taking them from this one."""
        return JobHandle(self.folder, process=self._process)

    @property
    def behind(self) -> bool:
        """Whether the last `poll` left events for the next one."""
        return self._reader.behind

    def poll(self, *, at_most: Optional[int] = None) -> List[Event]:
        """The events since the last call, the first time all of them; of about `at_most` bytes where that is given."""
        events = self._reader.poll(at_most=at_most)
        if events:
            self._heard = time.time()
        return events

    def state(self) -> str:
        """running, done, failed, cancelled or interrupted. A backend that this process started runs from its start on."""
        if self._process is None:
            return self.folder.state() or FAILED
        if self._process.poll() is None:
            return RUNNING
        state = self.folder.state()
        status = self.folder.read_status()
        if status is not None and status.pid == self._process.pid and state is not None:
            return state
        # It ended before it took the folder: what lies there, if anything, is an earlier run's.
        if self._process.returncode == 0 and state is not None:
            return state
        return CANCELLED if self._cancelled else FAILED

    def hangs(self, seconds: float) -> bool:
        """Whether the job runs, but nothing was heard of it for that long."""
        if self.state() != RUNNING:
            return False
        # Without an event file the time of the start counts.
        with contextlib.suppress(OSError):
            self._heard = max(self._heard, self.folder.events.stat().st_mtime)
        return time.time() - self._heard > seconds

    def wait(self, timeout: Optional[float] = None) -> str:
        """The state once the job has ended, or after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            state = self.state()
            if state != RUNNING or (until is not None and time.monotonic() >= until):
                return state
            time.sleep(_POLL_SECONDS)

    def cancel(self, grace: float = 2.0) -> str:
        """Ends the job within `grace` seconds: in order if it can, else by force with all that it started. Gives its state."""
        state = RUNNING
        for look in self.cancelling(grace):
            state = look
            time.sleep(_POLL_SECONDS)
        return state

    def cancelling(self, grace: float = 2.0) -> Iterator[str]:
        """As `cancel`, without waiting: gives the job's state at each look, the last one for good.

        Whoever loops decides when to look again, a few times a second at least. Left early, the job is asked to stop and
        no more.
        """
        state, begun = self.state(), time.monotonic()
        if state == RUNNING:
            self._cancelled = True
            # On a full disk, or where the folder is gone, signals must do.
            with contextlib.suppress(SSLSegmentationError, OSError):
                self.folder.request_cancel()
            pid = self._pid()
            yield from self._while_running(grace * _SHARE_FILE)
            if self.state() == RUNNING and pid:
                terminate_tree(pid)
                yield from self._while_running(grace * _SHARE_TERM)
            if pid:
                if self.state() != RUNNING:
                    yield from self._while_leaving(pid, until=begun + grace * (_SHARE_FILE + _SHARE_TERM))
                # Children that outlived an orderly end go too, and a process that is slow to leave.
                end = TreeEnd(pid)
                until = time.monotonic() + max(grace * (1.0 - _SHARE_FILE - _SHARE_TERM), 0.2)
                while end.look() and time.monotonic() < until:
                    yield self.state()
            yield from self._while_running(0.5)
            state = self.state()
            if state != RUNNING:
                self.folder.clear_cancel()
        yield state

    def _while_running(self, seconds: float) -> Iterator[str]:
        """The state at each look, until the job has ended or that time is over."""
        until = time.monotonic() + seconds
        while self.state() == RUNNING and time.monotonic() < until:
            yield RUNNING

    def _while_leaving(self, pid: int, *, until: float) -> Iterator[str]:
        """The state at each look, while a process that has stopped in order ends by itself."""
        while self._is_there(pid) and time.monotonic() < until:
            yield self.state()

    def _is_there(self, pid: int) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return sys.platform != "win32" and pid in process_tree(pid)

    def last_error(self) -> Optional[SSLSegmentationError]:
        """What ended the job: from status.json, else from the last lines of log.txt. None where it runs or is done."""
        state = self.state()
        if state in (RUNNING, "done"):
            return None
        status = self.folder.read_status()
        if status is not None and status.error is not None and (self._process is None or status.pid == self._process.pid):
            return as_error(status.error)
        tail = self.log_tail()
        printed = next((error for error in map(printed_error, reversed(tail)) if error is not None), None)
        if printed is not None:
            return printed
        how = "" if self._process is None or self._process.returncode is None else f" with exit code {self._process.returncode}"
        said = f" Its last words: {tail[-1]}" if tail else ""
        return SSLSegmentationError("job.backend_died", f"The backend of {self.folder.path} ended{how}.{said}")

    def log_tail(self) -> List[str]:
        """The last lines of log.txt, whatever bytes it holds."""
        return log_tail(self.folder.log)

    def as_dict(self) -> Dict[str, Any]:
        """Path, state and what status.json says, ready for JSON."""
        status = self.folder.read_status()
        facts = status.as_dict() if status is not None else {}
        return {"path": str(self.folder.path), **facts, "state": self.state()}

    def _pid(self) -> int:
        """The backend's process id; 0 where it is on another computer or not known to be the job's."""
        if self._process is not None:
            return self._process.pid
        status = self.folder.read_status()
        here = status is not None and status.host == socket.gethostname() and self.folder.is_locked()
        return status.pid if status is not None and here else 0
