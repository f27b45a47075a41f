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


class Following:
    """Tells how far a command is that handles `total` scans one after another, and estimates the time left."""

    def __init__(self, reporter: Reporter, *, total: int) -> None:
        self.check_cancelled = reporter.check_cancelled
        self.cancelled = reporter.cancelled
        self._reporter = reporter
        self._total = total
        self._begun = 0
        self._started = time.monotonic()

    def begin(self) -> None:
        """The next scan's turn. Raises `job.cancelled` where the command should stop."""
        self._reporter.check_cancelled()
        self._begun += 1
        self.tell(0.0)

    def tell(self, share: float) -> None:
        """`share` of the scan at hand is done, 0 to 1."""
        whole = (self._begun - 1 + share) / self._total
        left = (time.monotonic() - self._started) * (1.0 - whole) / whole if whole else None
        self._reporter.progress(f"scan {self._begun} of {self._total}", share=whole, seconds_left=left)
