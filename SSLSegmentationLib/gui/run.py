"""A training seen from Slicer: what its events have told so far, read in small pieces."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.jobs.handle import JobHandle
from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.texts import _

RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = "running", "done", "failed", "cancelled", "interrupted"
# Points of the loss that a plot shows; beyond that every second one goes.
MOST_POINTS = 2000
# Bytes of events that one look reads, some milliseconds' work.
_PIECE = 1 << 15
DICE_PREFIX = "dice_"


class Run:
    """One training. `poll` reads what is new; the other attributes are what is known so far.

    `losses` holds (step, loss) of training steps; `metrics` the rows of validation: step, loss, validation_loss, dice,
    dice_<tissue>. `caught_up`: all events that the file holds have been read.
    """

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle
        self.name = handle.folder.path.name
        self.state = handle.state()
        self.progress = Progress(_("Starting …"), waits=True)
        self.losses: List[Tuple[int, float]] = []
        self.metrics: List[Mapping[str, Any]] = []
        self.warnings: List[str] = []
        self.command = ""
        self.started = ""
        self.caught_up = False
        # Set by who asks it to stop: one that had to be killed then did not fail.
        self.stopping = False
        self.poll()

    @property
    def path(self) -> Path:
        return self.handle.folder.path

    @property
    def model(self) -> Path:
        return self.handle.folder.model

    def poll(self) -> bool:
        """Reads new events, of a long history the next piece; whether anything changed."""
        # The state first: once it is the last one, every event is in the file.
        state = self.handle.state()
        events = self.handle.poll(at_most=_PIECE)
        self.caught_up = not self.handle.behind
        for event in events:
            self._take(event)
        changed = bool(events) or state != self.state
        self.state = state
        if not self.command or changed:
            status = self.handle.folder.read_status()
            if status is not None:
                self.command, self.started = status.command, status.started
        return changed

    @property
    def ended(self) -> bool:
        """Whether it runs no more and all that it told has been read."""
        return self.state != RUNNING and self.caught_up

    def error(self) -> Optional[SSLSegmentationError]:
        """What ended the run; None where it runs or is done."""
        if not self.path.is_dir():
            return self.gone()
        if self.stopping and self.state in (CANCELLED, INTERRUPTED):
            return SSLSegmentationError("job.cancelled", _("The run '{name}' was stopped.").format(name=self.name))
        return self.handle.last_error()

    def gone(self) -> SSLSegmentationError:
        """The error for a run whose folder is no longer there."""
        return SSLSegmentationError(
            "job.not_a_job",
            _("The folder of the run '{name}' is gone.").format(name=self.name),
            hint=_("It was moved or deleted while the run was followed; start the training again."),
        )

    def dice_by_tissue(self) -> Dict[str, float]:
        """Dice per tissue of the last validation; empty before the first one."""
        row = self.metrics[-1] if self.metrics else {}
        scores = {name[len(DICE_PREFIX) :]: number(row[name]) for name in row if name.startswith(DICE_PREFIX)}
        return {tissue: score for tissue, score in scores.items() if score is not None}

    def mean_dice(self) -> Optional[float]:
        """Mean Dice of the last validation; None before the first one."""
        return number(self.metrics[-1].get("dice")) if self.metrics else None

    def _take(self, event: Event) -> None:
        fields = event.fields
        if event.event == "progress":
            self._take_progress(fields)
        elif event.event == "metric":
            self.metrics.append(fields)
        elif event.event == "warning":
            self.warnings.append(str(fields.get("message", "")))
        elif event.event == "started":
            self.progress = Progress(_("Starting …"), waits=True)
        elif event.event == "phase":
            if fields.get("name") == "resume":
                self._resumed_at(number(fields.get("step")) or 0)
            text = str(fields.get("message") or fields.get("name", "")).replace("_", " ")
            self.progress = Progress(text[:1].upper() + text[1:], self.progress.share, waits=True)

    def _take_progress(self, fields: Mapping[str, Any]) -> None:
        self.progress = progress_of(fields)
        step, loss = number(fields.get("step")), number(fields.get("loss"))
        if step is not None and loss is not None:
            self.losses.append((int(step), loss))
            if len(self.losses) > MOST_POINTS:
                del self.losses[1::2]

    def _resumed_at(self, step: float) -> None:
        """What came after the checkpoint that the run goes on from happens again."""
        self.losses = [point for point in self.losses if point[0] <= step]
        self.metrics = [row for row in self.metrics if (number(row.get("step")) or 0) <= step]


def progress_of(fields: Mapping[str, Any]) -> Progress:
    """The progress that an event tells of; fields of the wrong kind count as unknown."""
    step, total, share = (number(fields.get(name)) for name in ("step", "total", "share"))
    if share is None and step is not None and total:
        share = step / total
    text = _("{what} {step} of {total}").format(
        what=str(fields.get("phase") or _("Step")).replace("_", " "),
        step="?" if step is None else int(step),
        total="?" if not total else int(total),
    )
    return Progress(text[:1].upper() + text[1:], share, number(fields.get("seconds_left")), waits=True)


def number(value: Any) -> Optional[float]:
    """`value` where it is a finite number, else None: a run may have told garbage."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None
