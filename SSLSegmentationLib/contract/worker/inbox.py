"""The requests that a worker was sent, read beside its work."""

from __future__ import annotations

import logging
import queue
import threading
from typing import BinaryIO, Optional

from SSLSegmentationLib.contract.worker.protocol import LONGEST_LINE, Message, read_message

_LOG = logging.getLogger(__name__)


class Inbox:
    """Reads `stream` in a thread of its own; `ended` is set once it is closed, which means that the client has gone."""

    def __init__(self, stream: BinaryIO) -> None:
        self.ended = threading.Event()
        self._stream = stream
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
        try:
            for line in iter(lambda: self._stream.readline(LONGEST_LINE + 1), b""):
                self._take(line)
        except (OSError, ValueError) as error:
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
