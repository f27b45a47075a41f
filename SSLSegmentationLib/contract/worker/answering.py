"""One request in the worker: its events, its output, its end."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import Callable, Dict, List, Optional, Sequence, TextIO

from SSLSegmentationLib.contract.errors import EXIT_CANCELLED, EXIT_DONE, SSLSegmentationError
from SSLSegmentationLib.contract.events import EventWriter
from SSLSegmentationLib.contract.failures import describe_error
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.reporting import Reporter
from SSLSegmentationLib.contract.worker.protocol import EVENTS, OUTPUT, Message
from SSLSegmentationLib.contract.worker.watch import Watch

# Runs the words of a command line and gives its exit code; raises nothing.
RunWords = Callable[[Sequence[str], Reporter], int]

_PROGRESS_SECONDS = 0.1
_LOG = logging.getLogger(__name__)


class EventReporter(Reporter):
    """Writes what a command tells as events; keeps what ended it."""

    def __init__(self, writer: EventWriter, *, should_stop: Callable[[], bool]) -> None:
        self.error: Optional[SSLSegmentationError] = None
        self.faults: List[SSLSegmentationError] = []
        self._writer = writer
        self._should_stop = should_stop
        self._next_progress = 0.0

    def progress(self, text: str, *, share: Optional[float] = None, seconds_left: Optional[float] = None) -> None:
        moment = time.monotonic()
        if moment >= self._next_progress or share == 1.0:
            self._next_progress = moment + _PROGRESS_SECONDS
            self._writer.write("progress", phase=text, share=share, seconds_left=seconds_left)

    def warn(self, text: str) -> None:
        self._writer.write("warning", message=text)

    def fault(self, error: SSLSegmentationError) -> None:
        self.faults.append(error)

    def fail(self, error: SSLSegmentationError) -> None:
        self.error = error

    def cancelled(self) -> bool:
        return self._should_stop()


def facts_of(error: SSLSegmentationError) -> Dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def answer(message: Message, *, run: RunWords, watch: Watch) -> int:
    """Runs the command and writes its events and output; gives its exit code. Errors: `disk.*` where its end can't be written."""
    if not message.folder.is_dir():
        _LOG.info("request %s: nobody waits for it any more", message.id)
        return EXIT_CANCELLED
    started = time.monotonic()
    command = message.words[0] if message.words else ""
    _LOG.info("request %s: %s", message.id, command)
    writer = EventWriter(message.folder / EVENTS)
    try:
        reporter = EventReporter(writer, should_stop=watch.cancelled)
        watch.begin(message.folder, on_forced_end=lambda: _tell_forced_end(message))
        try:
            code = _run(message, run=run, reporter=reporter, writer=writer)
        finally:
            watch.end()
        _LOG.info("request %s: exit code %d after %.2f s", message.id, code, time.monotonic() - started)
        if reporter.error is not None:
            writer.write("error", exit_code=code, **facts_of(reporter.error))
        else:
            writer.write("done", exit_code=code, faults=[facts_of(error) for error in reporter.faults])
        return code
    finally:
        writer.close()


def _run(message: Message, *, run: RunWords, reporter: EventReporter, writer: EventWriter) -> int:
    path = message.folder / OUTPUT
    try:
        writer.write("started", command=message.words[0] if message.words else "", pid=os.getpid())
        reporter.check_cancelled()
        with disk_errors(path), path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as output:
            code = _redirected(output, message, run=run, reporter=reporter)
    except (SSLSegmentationError, OSError) as error:
        # Not the command's own, which `run` has told: the output could not be written, or nobody wants it any more.
        reporter.error = reporter.error or describe_error(error)
        return reporter.error.exit_code
    if code != EXIT_DONE and reporter.error is None and not reporter.faults:
        reporter.error = SSLSegmentationError("defect.internal", f"The command ended with exit code {code}.")
    return code


def _redirected(output: TextIO, message: Message, *, run: RunWords, reporter: Reporter) -> int:
    with contextlib.redirect_stdout(output):
        return run(message.words, reporter)


def _tell_forced_end(message: Message) -> None:
    """The command did not stop: the process ends, and this is the request's last event."""
    _LOG.warning("request %s did not stop and is ended with the worker", message.id)
    error = SSLSegmentationError("job.cancelled", "The command was cancelled.", hint="Start it again.")
    with contextlib.suppress(SSLSegmentationError, OSError):
        writer = EventWriter(message.folder / EVENTS)
        writer.write("error", exit_code=error.exit_code, **facts_of(error))
