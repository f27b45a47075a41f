"""Looks, beside the work, whether it should stop, and ends a worker that does not."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Optional

from SSLSegmentationLib.contract.errors import EXIT_CANCELLED
from SSLSegmentationLib.contract.jobs.processes import kill_tree, process_tree
from SSLSegmentationLib.contract.worker.parent import is_alive
from SSLSegmentationLib.contract.worker.protocol import CANCEL, PATIENCE_SECONDS

_LOOK_SECONDS = 0.1
_PARENT_SECONDS = 1.0


class Watch:
    """A thread that looks for the cancel file of the request at hand, and whether the client is still there.

    Work that has not stopped `PATIENCE_SECONDS` after it should have ends with the whole process: `on_forced_end` is called
    first. `gone` says whether the client has gone; `on_gone` is called once when its process has.
    """

    def __init__(self, *, parent: Optional[int], gone: threading.Event, on_gone: Callable[[], None]) -> None:
        self._parent = parent
        self._gone = gone
        self._on_gone = on_gone
        self._folder: Optional[Path] = None
        self._on_forced_end: Callable[[], None] = lambda: None
        self._since: Optional[float] = None
        self._next_parent_look = 0.0

    def start(self) -> None:
        threading.Thread(target=self._look_on, name="watch", daemon=True).start()

    def begin(self, folder: Path, *, on_forced_end: Callable[[], None]) -> None:
        """A request begins."""
        self._on_forced_end = on_forced_end
        self._since = None
        self._folder = folder

    def end(self) -> None:
        """The request has ended."""
        self._folder = None
        self._since = None

    def cancelled(self) -> bool:
        """Whether the request at hand should stop."""
        return self._since is not None or self._gone.is_set()

    def _look_on(self) -> None:
        while True:
            self._look(time.monotonic())
            time.sleep(_LOOK_SECONDS)

    def _look(self, moment: float) -> None:
        if self._parent is not None and moment >= self._next_parent_look:
            self._next_parent_look = moment + _PARENT_SECONDS
            if not self._gone.is_set() and not is_alive(self._parent):
                self._gone.set()
                self._on_gone()
        folder, since = self._folder, self._since
        if folder is None:
            return
        if since is None:
            if self._gone.is_set() or _should_stop(folder):
                self._since = moment
        elif moment - since > PATIENCE_SECONDS and self._folder is folder:
            self._on_forced_end()
            end_now(EXIT_CANCELLED)


def _should_stop(folder: Path) -> bool:
    """A cancel file lies there, or the client has removed the folder: nobody waits for the result."""
    return (folder / CANCEL).exists() or not folder.exists()


def end_now(code: int) -> None:
    """Ends this process at once, with all that it started."""
    if sys.platform == "win32":
        kill_tree(os.getpid(), patience=0.0)
    for pid in process_tree(os.getpid()) - {os.getpid()}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    os._exit(code)
