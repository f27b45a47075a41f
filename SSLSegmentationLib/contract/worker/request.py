"""One command line sent to a worker, followed by whoever sent it."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from typing import Any, Callable, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.errors import EXIT_DONE, SSLSegmentationError
from SSLSegmentationLib.contract.events import Event, EventReader
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.jobs.last_words import as_error
from SSLSegmentationLib.contract.worker.protocol import CANCEL, CLIENT_PATIENCE_SECONDS, EVENTS, OUTPUT, Message

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
# A request that was still waiting when its worker died is sent again, so often at most.
_SENDINGS = 2


class Request:
    """Made by `Worker.request`. No call waits; `poll` moves it on.

    `state`: waiting, running, done, failed or cancelled. `exit_code` and `output` (what the command wrote to stdout) once it
    has ended. A command that goes on after a bad input is done with exit code 3; `faults` then name each one.
    """

    def __init__(self, message: Message, *, follow: Callable[[], None]) -> None:
        with disk_errors(message.folder):
            message.folder.mkdir(parents=True)
        self.message = message
        self.state = WAITING
        self.exit_code: Optional[int] = None
        self.output = ""
        self.error: Optional[SSLSegmentationError] = None
        self.faults: Tuple[SSLSegmentationError, ...] = ()
        self.sendings = 0
        self.sent = False
        self._follow = follow
        self._reader = EventReader(message.folder / EVENTS)
        self._unread: List[Event] = []
        self._heard = time.monotonic()
        self._cancel_until: Optional[float] = None

    @property
    def ended(self) -> bool:
        return self.state not in (WAITING, RUNNING)

    def poll(self) -> List[Event]:
        """The events since the last call."""
        self._follow()
        events, self._unread = self._unread, []
        return events

    def json(self) -> Any:
        """What the command wrote as JSON. Raises the error that ended it, `defect.internal` where it wrote something else."""
        if self.error is not None:
            raise self.error
        try:
            return json.loads(self.output)
        except ValueError as error:
            command = self.message.words[0] if self.message.words else ""
            raise SSLSegmentationError("defect.internal", f"'{command}' gave no JSON, but {len(self.output)} letters.") from error

    def hangs(self, seconds: float) -> bool:
        """Whether it has not ended, and nothing was heard of it or of a request before it for that long."""
        return not self.ended and time.monotonic() - self._heard > seconds

    def cancel(self) -> None:
        """Asks the command to stop; one that has not after a second is ended with the worker by a later `poll`."""
        self.read()
        if self.ended or self._cancel_until is not None:
            return
        self._cancel_until = time.monotonic() + CLIENT_PATIENCE_SECONDS
        try:
            (self.message.folder / CANCEL).touch()
        except OSError:
            # Who can't be asked is not waited for.
            self._cancel_until = time.monotonic()
        if self.state == WAITING:
            self._end(CANCELLED, error=_cancelled())

    # For the worker that sent it:

    def read(self) -> bool:
        """Takes in what the worker has written; whether there was anything."""
        events = [] if self.ended else self._reader.poll()
        for event in events:
            if self.ended:
                break
            self._take(event)
        return bool(events)

    def heard(self) -> None:
        """The worker has said something, of this request or of one before it."""
        self._heard = time.monotonic()

    def overdue(self) -> bool:
        """Whether it was cancelled and has not stopped in time."""
        return not self.ended and self._cancel_until is not None and time.monotonic() > self._cancel_until

    def lose(self, error: SSLSegmentationError, *, was_up: bool) -> None:
        """The worker has died: what waited is to be sent again (`sent` is False then), what ran has failed."""
        if self._cancel_until is not None:
            self._end(CANCELLED, error=_cancelled())
        elif self.state == WAITING and was_up and self.sendings < _SENDINGS:
            self.sent = False
            self.heard()
        else:
            self._end(FAILED, error=error)

    def _take(self, event: Event) -> None:
        self._unread.append(event)
        self.state = RUNNING
        code = event.fields.get("exit_code")
        if event.event == "done":
            self.exit_code = code if isinstance(code, int) else EXIT_DONE
            faults = event.fields.get("faults")
            given = faults if isinstance(faults, list) else []
            self.faults = tuple(as_error(facts) for facts in given if isinstance(facts, Mapping))
            self._end(DONE)
        elif event.event == "error":
            error = as_error(event.fields)
            self.exit_code = code if isinstance(code, int) else error.exit_code
            self._end(CANCELLED if error.code == "job.cancelled" else FAILED, error=error)

    def _end(self, state: str, *, error: Optional[SSLSegmentationError] = None) -> None:
        self.state, self.error = state, error
        with contextlib.suppress(OSError):
            self.output = (self.message.folder / OUTPUT).read_text(encoding="utf-8", errors="replace")
        # The worker takes a folder that is gone as one that nobody waits for.
        shutil.rmtree(self.message.folder, ignore_errors=True)


def _cancelled() -> SSLSegmentationError:
    return SSLSegmentationError("job.cancelled", "You cancelled it.", hint="Start it again.")
