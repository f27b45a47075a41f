"""How a command tells what it does while it runs, wherever it runs, and learns that it should stop."""

from __future__ import annotations

import time
from typing import Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError


class Reporter:
    """What a command tells to whoever follows it; this one is for a command that nobody follows but its terminal.

    Commands print for people as ever; a reporter is told the same as facts.
    """

    def progress(self, text: str, *, share: Optional[float] = None, seconds_left: Optional[float] = None) -> None:
        """How far the command is; `share` 0 to 1. Cheap to call often."""

    def warn(self, text: str) -> None:
        """Something that a person should know and that does not stop the command."""

    def fault(self, error: SSLSegmentationError) -> None:
        """An input that can't be used; the command goes on with the others."""

    def fail(self, error: SSLSegmentationError) -> None:
        """What ended the command."""

    def cancelled(self) -> bool:
        """Whether the command should stop. Cheap to ask often."""
        return False

    def check_cancelled(self) -> None:
        """Raises `job.cancelled` where the command should stop."""
        if self.cancelled():
            raise SSLSegmentationError("job.cancelled", "The command was cancelled.", hint="Start it again.")


class Countdown:
    """Tells how far a command is that handles `total` items one after another, and estimates the time left."""

    def __init__(self, reporter: Reporter, *, total: float) -> None:
        self._reporter = reporter
        self._total = total
        self._started = time.monotonic()

    def tell(self, text: str, *, done: float) -> None:
        """`done` items are finished; a fraction counts the one at hand."""
        share = min(done / self._total, 1.0) if self._total else 1.0
        left = (time.monotonic() - self._started) * (1.0 - share) / share if share else None
        self._reporter.progress(text, share=share, seconds_left=left)
