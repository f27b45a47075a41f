"""The worker: runs one command line after another until nobody sends any more."""

from __future__ import annotations

import logging
import signal
import threading
import time
from types import FrameType
from typing import Callable, Optional

from SSLSegmentationLib.contract.errors import EXIT_DISK, EXIT_DONE, EXIT_MEMORY, SSLSegmentationError
from SSLSegmentationLib.contract.worker.answering import RunWords, answer
from SSLSegmentationLib.contract.worker.inbox import Inbox
from SSLSegmentationLib.contract.worker.watch import Watch

_LOG = logging.getLogger(__name__)


def serve(
    run: RunWords,
    *,
    descriptor: int,
    idle_seconds: float,
    parent: Optional[int] = None,
    prepare: Optional[Callable[[], None]] = None,
) -> int:
    """Answers the requests that come in the pipe `descriptor`, one JSON line each; gives the worker's exit code.

    It ends when the pipe is closed or the process `parent` has gone, after `idle_seconds` without a request, and on SIGTERM
    or SIGINT; a command that runs then is cancelled. It also ends after a command that ran out of memory. Exit code 6 where
    the end of a request could not be written. `prepare` is work that the first request would have to do otherwise.
    """
    inbox = Inbox(descriptor)
    watch = Watch(parent=parent, gone=inbox.ended, on_gone=inbox.wake)
    _end_on_signals(inbox)
    inbox.start()
    watch.start()
    if prepare is not None:
        prepare()
    until = time.monotonic() + idle_seconds
    while not inbox.ended.is_set():
        message = inbox.next(max(until - time.monotonic(), 0.0))
        if message is None:
            if time.monotonic() >= until:
                _LOG.info("ends after %g s without a request", idle_seconds)
                return EXIT_DONE
            continue
        try:
            if answer(message, run=run, watch=watch) == EXIT_MEMORY:
                _LOG.info("ends, so that the next request finds all of the memory free")
                return EXIT_DONE
        except (SSLSegmentationError, OSError) as error:
            _LOG.error("request %s has no end: %s", message.id, error)
            if message.folder.is_dir():
                # Whoever waits learns it from the worker's own end.
                return EXIT_DISK
        until = time.monotonic() + idle_seconds
    _LOG.info("ends: nobody sends requests any more")
    return EXIT_DONE


def _end_on_signals(inbox: Inbox) -> None:
    """SIGTERM and SIGINT are as if the client had gone."""

    def handle(number: int, frame: Optional[FrameType]) -> None:
        inbox.ended.set()
        inbox.wake()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handle)
