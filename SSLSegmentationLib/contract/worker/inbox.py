"""The requests that a worker was sent, read beside its work."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Optional

from SSLSegmentationLib.contract.worker.protocol import LONGEST_LINE, Message, read_message

_CHUNK = 1 << 16
_LOG = logging.getLogger(__name__)


class Inbox:
    """Reads a pipe in a thread of its own; `ended` is set once it is closed, which means that the client has gone.

    `descriptor` is read without Python's buffers: a thread that waits in these would keep the process from ending.
    """

    def __init__(self, descriptor: int) -> None:
        self.ended = threading.Event()
        self._descriptor = descriptor
        # May be put into from a signal handler.
        self._messages: "queue.SimpleQueue[Optional[Message]]" = queue.SimpleQueue()

    def start(self) -> None:
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self, timeout: float) -> Optional[Message]:
        """The next request; None after `timeout` seconds, or at once when the client has gone or `wake` was called."""
        try:
            return self._messages.get(timeout=timeout)
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Ends a wait for the next request."""
        self._messages.put(None)

    def _read(self) -> None:
        rest = b""
        try:
            for chunk in iter(lambda: os.read(self._descriptor, _CHUNK), b""):
                *complete, rest = (rest + chunk).split(b"\n")
                for line in complete:
                    self._take(line)
                # A line without end is not kept in memory: what is left of it is too long still.
                rest = rest[: LONGEST_LINE + 1]
        except OSError as error:
            _LOG.info("no more requests can be read: %s", error)
        self.ended.set()
        self.wake()

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            self._messages.put(read_message(line))
        except ValueError as error:
            # What it holds is not repeated: it may be anything.
            _LOG.warning("a line of %d bytes is no request and is skipped: %s", len(line), error)
