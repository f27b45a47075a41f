"""Ctrl-C and SIGTERM as a request to stop, for as long as a run lasts."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Dict, Optional


class StopSignals:
    """While installed, the first SIGINT or SIGTERM sets `received`; a second one ends the run at once."""

    def __init__(self) -> None:
        self.received = False
        self._before: Dict[int, Any] = {}

    def install(self) -> None:
        """Only the main thread may; elsewhere signals stay as they are."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        if self.received:
            raise KeyboardInterrupt
        self.received = True
