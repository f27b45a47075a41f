"""A run's events as lines for a person at a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from SSLSegmentationLib.contract.events import Event

# Seconds between two progress lines where the output is a file.
LINE_SECONDS = 15.0


class EventPrinter:
    """Prints events to stderr; on a terminal the progress stays on one line. Quiet once nobody reads: the work goes on."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self._terminal = self.stream.isatty()
        self._next_line = 0.0
        self._open_line = False
        self._unread = False

    def __call__(self, event: Event) -> None:
        fields = event.fields
        if event.event == "progress":
            self._progress(fields)
        elif event.event == "metric":
            self.say(_metric_text(fields))
        elif event.event == "warning":
            self.say(f"warning: {fields['message']}")
        elif event.event == "phase":
            facts = ", ".join(f"{key} {_short(value)}" for key, value in fields.items() if key not in ("name", "message"))
            text = fields.get("message") or str(fields["name"]).replace("_", " ")
            self.say(f"{text}{' (' + facts + ')' if facts else ''}")

    def say(self, text: str) -> None:
        """One line."""
        line_end = "\n" if self._open_line else ""
        self._open_line = False
        self._write(f"{line_end}{text}\n")

    def _progress(self, fields: Mapping[str, Any]) -> None:
        text = f"{fields.get('phase') or 'step'} {fields['step']} of {fields['total']}"
        if fields.get("loss") is not None:
            text += f", loss {fields['loss']:.4g}"
        if fields.get("seconds_left") is not None:
            text += f", {duration(float(fields['seconds_left']))} left"
        if self._terminal:
            self._write(f"\r{text:<78}")
            self._open_line = True
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self.say(text)

    def _write(self, text: str) -> None:
        if self._unread:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except BrokenPipeError:
            self._unread = True


def duration(seconds: float) -> str:
    """ "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _metric_text(fields: Mapping[str, Any]) -> str:
    numbers = [f"{key} {_short(value)}" for key, value in fields.items() if key not in ("step", "stage") and value is not None]
    return f"step {fields['step']}: " + ", ".join(numbers)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return " × ".join(str(item) for item in value)
    return str(value)
