"""Events of a run: one JSON object a line, written whole, read by anyone who follows the file."""

from __future__ import annotations

import json
import math
import os
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from SSLSegmentationLib.contract.files import PathLike, disk_errors

EVENTS = ("started", "phase", "progress", "metric", "warning", "artifact", "done", "error")

LONGEST_LINE = 1 << 20
_CHUNK = 1 << 18


def now() -> str:
    """The time as ISO-8601 in UTC, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Event:
    """What happened when. `event` is one of `EVENTS`; `fields` are that event's own."""

    time: str
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        return {"time": self.time, "event": self.event, **self.fields}


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NaN and infinity become null, array scalars numbers, whatever else text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    item = getattr(value, "item", None)
    return plain(item()) if callable(item) and getattr(value, "ndim", 0) == 0 else str(value)


class EventWriter:
    """Appends events to a file, each as one whole line that is there at once for readers.

    A line that a kill has cut is closed first, so that the next event is not lost with it. Threads may share a writer.
    """

    def __init__(self, path: PathLike) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        with disk_errors(self._path):
            self._file: Optional[int] = os.open(self._path, flags, 0o644)
            size = os.lseek(self._file, 0, os.SEEK_END)
            self._torn = False
            if size:
                os.lseek(self._file, -1, os.SEEK_END)
                self._torn = os.read(self._file, 1) != b"\n"

    def write(self, event: str, **fields: Any) -> Event:
        """Appends one event with the time of now. Errors: `disk.full`, `disk.read_only`."""
        if event not in EVENTS:
            raise ValueError(f"unknown event {event!r}")
        written = Event(now(), event, plain({name: value for name, value in fields.items() if name not in ("time", "event")}))
        line = json.dumps(written.as_dict(), ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._lock, disk_errors(self._path):
            self._append(line)
        return written

    def _append(self, line: bytes) -> None:
        if self._file is None:
            raise ValueError("the event file is closed")
        data = b"\n" + line if self._torn else line
        # Until the last byte is on disk the file ends in a cut line.
        self._torn = True
        while data:
            data = data[os.write(self._file, data) :]
        self._torn = False

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def read_event(line: bytes) -> Optional[Event]:
    """The event of one line; None for garbage and for events that this version does not know."""
    try:
        raw = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or raw.get("event") not in EVENTS or not isinstance(raw.get("time"), str):
        return None
    return Event(raw.pop("time"), raw.pop("event"), raw)


class EventReader:
    """Follows an event file that another process writes."""

    def __init__(self, path: PathLike) -> None:
        self._path = Path(path)
        self._offset = 0
        self._rest = b""
        self._skipping = False
        self.behind = False

    def poll(self, *, at_most: Optional[int] = None) -> List[Event]:
        """The events that were completed since the last call. A file that is not there yet has none.

        With `at_most` about that many bytes are read; `behind` tells whether there were more.
        """
        events: List[Event] = []
        chunk_size = _CHUNK if at_most is None else min(at_most, _CHUNK)
        left = at_most
        self.behind = False
        try:
            with self._path.open("rb") as handle:
                if os.fstat(handle.fileno()).st_size < self._offset:
                    # Another file took its place.
                    self._offset, self._rest, self._skipping = 0, b"", False
                handle.seek(self._offset)
                while True:
                    if left is not None and left <= 0:
                        self.behind = os.fstat(handle.fileno()).st_size > self._offset
                        return events
                    chunk = handle.read(chunk_size)
                    if not chunk:
                        return events
                    self._offset += len(chunk)
                    left = None if left is None else left - len(chunk)
                    events += self._take(chunk)
        except FileNotFoundError:
            return events

    def _take(self, chunk: bytes) -> List[Event]:
        *complete, rest = (self._rest + chunk).split(b"\n")
        if self._skipping and complete:
            del complete[0]
            self._skipping = False
        # A line without end is not kept in memory: it is skipped up to its end.
        if self._skipping or len(rest) > LONGEST_LINE:
            self._skipping, rest = True, b""
        self._rest = rest
        found = (read_event(line) for line in complete if line.strip())
        return [event for event in found if event is not None]
