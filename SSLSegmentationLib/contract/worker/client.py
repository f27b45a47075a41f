"""A worker as those who use it see it: command lines in, events and results out, a process only while it is needed."""

from __future__ import annotations

import json
import shutil
import time
import uuid
import weakref
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, disk_errors
from SSLSegmentationLib.contract.jobs.lock import FileLock, is_locked
from SSLSegmentationLib.contract.worker.backend import Backend
from SSLSegmentationLib.contract.worker.protocol import CLIENT_PATIENCE_SECONDS, HELLO, LOCK, LOG, REQUESTS, Message
from SSLSegmentationLib.contract.worker.request import Request

_LOOK_SECONDS = 0.01
_KILL_SECONDS = 1.0


class Worker:
    """Runs command lines in `python`, one after another, in a process that stays warm between them.

    The process is started when it is needed, ends with whoever started it or after `idle_minutes`, and is replaced where it
    died. `folder` belongs to this object alone. `command`, predict or measure, is what `warm` prepares for. But for `stop` no
    call waits: all but the start take a few ms at most.
    """

    def __init__(
        self,
        python: PathLike,
        *,
        folder: PathLike,
        idle_minutes: float = 10.0,
        environment: Optional[Mapping[str, str]] = None,
        command: str = "predict",
    ) -> None:
        self.folder = Path(folder).absolute()
        self.log = self.folder / LOG
        self._python = python
        self._idle_minutes = idle_minutes
        self._environment = environment
        self._command = command
        self._backend: Optional[Backend] = None
        self._open: List[Request] = []
        self._hello: Optional[Dict[str, Any]] = None
        self._lock: Optional[FileLock] = None
        self._end_by: Optional[float] = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        self.poll()
        return self._backend is not None

    @property
    def busy(self) -> bool:
        """Whether a request has not ended yet, or the process that was to be ended is still there."""
        self.poll()
        return bool(self._open) or (self._backend is not None and self._backend.closed)

    @property
    def pid(self) -> Optional[int]:
        """The process's number; None where there is none."""
        return None if self._backend is None else self._backend.pid

    def hello(self) -> Optional[Dict[str, Any]]:
        """What the process said of itself: version, python, executable, pid, torch, tasks. None until one was up."""
        if self._hello is None and self._backend is not None and self._backend.was_up:
            try:
                facts = json.loads((self.folder / HELLO).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return None
            self._hello = facts if isinstance(facts, dict) else None
        return self._hello

    def warm(self) -> None:
        """Starts the process where there is none, and lets it import what its command needs before a request comes.

        Raises `environment.missing_package`, `job.in_use`, `disk.*`.
        """
        self.poll()
        if self._backend is None:
            self._start("--prepare", self._command)

    def request(self, words: Sequence[str]) -> Request:
        """Sends a command line, such as ["predict", MODEL, FILE, "--output", DIR, "--json"]. Raises as `warm`."""
        self.poll()
        if self._backend is None:
            self._start()
        identity = uuid.uuid4().hex[:12]
        message = Message(identity, self.folder / REQUESTS / identity, tuple(words))
        request = Request(message, follow=self.poll)
        self._open.append(request)
        self.poll()
        return request

    def poll(self) -> None:
        """Moves everything on; each request's `poll` does it too."""
        backend = self._backend
        if backend is not None:
            # Asked before reading: what a process wrote before it ended is not missed.
            alive = backend.alive
            self._read()
            if not alive:
                self._bury(backend)
            elif any(request.overdue() for request in self._open) or self._overdue():
                backend.kill()
        self._send()

    def end(self) -> None:
        """Asks the process to end; what runs is cancelled. Later calls of `poll` end it by force where it does not."""
        for request in self._open:
            request.cancel()
        if self._backend is not None:
            self._backend.close()
            self._end_by = time.monotonic() + CLIENT_PATIENCE_SECONDS

    def stop(self, grace: float = 0.1) -> None:
        """Ends the process, by force after `grace` seconds; what runs is cancelled. The folder is free then."""
        self.end()
        backend = self._backend
        if backend is not None:
            if not _wait_for_end(backend, seconds=grace):
                backend.kill()
                _wait_for_end(backend, seconds=_KILL_SECONDS)
            self._read()
            self._bury(backend)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _overdue(self) -> bool:
        return self._end_by is not None and time.monotonic() > self._end_by

    def _read(self) -> None:
        for number, request in enumerate(self._open):
            if request.read():
                for waiting in self._open[number:]:
                    waiting.heard()
        self._open = [request for request in self._open if not request.ended]

    def _bury(self, backend: Backend) -> None:
        backend.close()
        # It stays true of the next process.
        self.hello()
        self._backend = None
        self._end_by = None
        error = backend.error()
        for request in self._open:
            request.lose(error, was_up=backend.was_up)
        self._open = [request for request in self._open if not request.ended]

    def _send(self) -> None:
        unsent = [request for request in self._open if not request.sent]
        if unsent and self._backend is None:
            try:
                self._start()
            except SSLSegmentationError as error:
                for request in unsent:
                    request.lose(error, was_up=False)
                self._open = [request for request in self._open if not request.ended]
                return
        if self._backend is None:
            return
        self._backend.flush()
        # One that is being ended takes nothing more: they wait for the next.
        for request in [] if self._backend.closed else unsent:
            self._backend.send(request.message.as_line())
            request.sent, request.sendings = True, request.sendings + 1

    def _start(self, *options: str) -> None:
        self._take_folder()
        self._hello = None
        words = ["worker", "--folder", str(self.folder), "--idle-minutes", f"{self._idle_minutes:.6f}", *options]
        self._backend = Backend(self._python, words, folder=self.folder, environment=self._environment)

    def _take_folder(self) -> None:
        """Errors: `job.in_use` where another client has the folder."""
        if self._lock is not None:
            return
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / LOCK
        lock = FileLock(path)
        # Looked at first, since taking a lock that another holds waits for it a while.
        if is_locked(path) or not lock.acquire():
            raise SSLSegmentationError(
                "job.in_use", f"Another program uses the worker in {self.folder}.", hint="Give another folder."
            )
        weakref.finalize(self, lock.release)
        self._lock = lock
        shutil.rmtree(self.folder / REQUESTS, ignore_errors=True)


def _wait_for_end(backend: Backend, *, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while backend.alive:
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
