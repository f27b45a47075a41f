"""A worker's request as an operation of the user interface."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from SSLSegmentationLib.contract.errors import EXIT_DONE, SSLSegmentationError
from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.worker import Request, Worker
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.texts import _

# The slowest single step of a command (a whole 3D volume on one core) stays well below this.
PATIENCE_SECONDS = 600.0


def request_steps(
    worker: Worker,
    words: Sequence[str],
    text: str,
    *,
    accept: Sequence[int] = (),
    patience: float = PATIENCE_SECONDS,
) -> "Steps[Request]":
    """Sends a command line and follows it to its end; left early, the command is cancelled.

    `accept` are exit codes that are no error beside 0: with 3, `faults` of the request name the inputs that were left out.
    Raises the command's error, `job.backend_died`, and `job.backend_hangs` after `patience` seconds without a sign of life.
    """
    request = worker.request(words)
    progress = Progress(text, waits=True)
    try:
        while True:
            for event in request.poll():
                progress = _progress(text, event) or progress
            if request.ended:
                break
            if request.hangs(patience):
                raise SSLSegmentationError(
                    "job.backend_hangs",
                    _("Nothing was heard of the backend for {seconds} s.").format(seconds=f"{patience:g}"),
                    hint=_("Start it again."),
                )
            yield progress
        if request.error is not None:
            raise request.error
        if request.exit_code not in (EXIT_DONE, *accept) and request.faults:
            raise request.faults[0]
        return request
    finally:
        request.cancel()


def _progress(text: str, event: Event) -> Optional[Progress]:
    if event.event != "progress":
        return None
    share, seconds_left = _number(event.fields.get("share")), _number(event.fields.get("seconds_left"))
    return Progress(text, share=None if share is None else min(max(share, 0.0), 1.0), seconds_left=seconds_left, waits=True)


def _number(value: Any) -> Optional[float]:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
