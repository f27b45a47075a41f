"""Trainings: started detached from Slicer, followed through their job folders, stopped, resumed and found again."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from SSLSegmentationLib.contract import client
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import Event
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.jobs.handle import JobHandle
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _

RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = "running", "done", "failed", "cancelled", "interrupted"
# Points of the loss that a plot shows; beyond that every second one goes.
MOST_POINTS = 2000
# A run that says nothing for so long is mentioned; a first epoch on a slow disk can take a while.
SILENT_SECONDS = 120.0
# Time in which a stopped run has to be gone, in seconds.
GRACE_SECONDS = 2.0


class Run:
    """A training seen from Slicer. `poll` reads what is new; the other attributes are what is known so far.

    `losses` holds (step, loss); `metrics` the rows of validation: step, dice, dice_<tissue>, …
    """

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle
        self.name = handle.folder.path.name
        self.state = handle.state()
        self.progress = Progress(_("Starting …"), waits=True)
        self.losses: List[Any] = []
        self.metrics: List[Mapping[str, Any]] = []
        self.warnings: List[str] = []
        self.command = ""
        self.started = ""
        self.poll()

    @property
    def path(self) -> Path:
        return self.handle.folder.path

    @property
    def model(self) -> Path:
        return self.handle.folder.model

    def poll(self) -> bool:
        """Reads new events; whether anything changed."""
        state = self.handle.state()
        events = self.handle.poll()
        for event in events:
            self._take(event)
        status = self.handle.folder.read_status()
        if status is not None:
            self.command, self.started = status.command, status.started
        changed = bool(events) or state != self.state
        self.state = state
        return changed

    def error(self) -> Optional[SSLSegmentationError]:
        """What ended the run; None where it runs or is done."""
        return self.handle.last_error()

    def _take(self, event: Event) -> None:
        fields = event.fields
        if event.event == "progress":
            step, total = int(fields.get("step", 0)), int(fields.get("total", 0))
            loss = fields.get("loss")
            what = fields.get("phase") or _("Step")
            self.progress = Progress(
                _("{what} {step} of {total}").format(what=what, step=step, total=total),
                fields.get("share", step / total if total else None),
                fields.get("seconds_left"),
                waits=True,
            )
            if isinstance(loss, (int, float)):
                self.losses.append((step, float(loss)))
                if len(self.losses) > MOST_POINTS:
                    del self.losses[1::2]
        elif event.event == "metric":
            self.metrics.append(fields)
        elif event.event == "warning":
            self.warnings.append(str(fields.get("message", "")))
        elif event.event == "phase":
            text = str(fields.get("message") or fields.get("name", "")).replace("_", " ")
            self.progress = Progress(text[:1].upper() + text[1:], self.progress.share, waits=True)


def free_name(session: Session, wanted: str) -> str:
    """A name for a new run: `wanted` without what a file name may not hold, and with a number where it is taken."""
    clean = re.sub(r'[\\/:*?"<>|\x00-\x1f]', " ", wanted).strip(" .")[:80] or "run"
    folder, name, number = session.settings.runs_folder, clean, 2
    while (folder / name).exists():
        name, number = f"{clean} {number}", number + 1
    return name


def default_name(what: str) -> str:
    """`what` and the time: "pretrain 2026-11-21 16.30"."""
    return f"{what} {datetime.now():%Y-%m-%d %H.%M}"


def start(session: Session, command: str, config: Mapping[str, Any], *, name: str, pretrained: Optional[Path] = None) -> Run:
    """Starts "pretrain" or "finetune", detached: it goes on when Slicer is closed. Raises as `contract.client.start`."""
    runs = session.settings.runs_folder
    with disk_errors(runs):
        runs.mkdir(parents=True, exist_ok=True)
    extra: Sequence[str] = () if pretrained is None else ("--pretrained", str(pretrained))
    handle = client.start(command, config, job=runs / free_name(session, name), python=session.engine_python(), extra_args=extra)
    return Run(handle)


def resume(session: Session, run: Run) -> Run:
    """Goes on with a run from its newest checkpoint. Raises as `contract.client.start`."""
    record = run.handle.folder.read_record()
    pretrained = record.decided.get("pretrained")
    extra = ["--resume", *(("--pretrained", str(pretrained)) if pretrained else ())]
    handle = client.start(record.command, record.config, job=run.path, python=session.engine_python(), extra_args=extra)
    return Run(handle)


def follow(run: Run) -> Steps[Path]:
    """Progress of a run until it has ended; gives its model. Raises what ended it. Leaving early lets the run go on."""
    while True:
        run.poll()
        if run.state != RUNNING:
            break
        if run.handle.hangs(SILENT_SECONDS):
            yield Progress(_("Nothing heard from the backend for 2 minutes …"), run.progress.share, waits=True)
        else:
            yield run.progress
    error = run.error()
    if error is not None:
        raise error
    return run.path


def stop(run: Run) -> Steps[str]:
    """Ends a run with all its processes within 2 s; it can be resumed. Gives its last state."""
    for _state in run.handle.cancelling(GRACE_SECONDS):
        yield Progress(_("Stopping …"), waits=True)
    run.poll()
    return run.state


def find_runs(session: Session) -> List[Run]:
    """All runs on this computer, the newest first."""
    folder = session.settings.runs_folder
    if not folder.is_dir():
        return []
    runs = [Run(handle) for handle in client.list_jobs(folder)]
    return sorted(runs, key=lambda run: run.started, reverse=True)


def delete(run: Run) -> None:
    """Removes a run's folder, its model with it. Raises `job.in_use` while it runs, `disk.*`."""
    if run.handle.state() == RUNNING:
        raise run.handle.folder.in_use()
    with disk_errors(run.path):
        shutil.rmtree(run.path)


def curves(run: Run) -> Dict[str, List[Any]]:
    """Columns of validation: step, and every score that the run has."""
    names = [name for name in (run.metrics[0] if run.metrics else ()) if name.startswith("dice") or name.endswith("loss")]
    return {"step": [row.get("step") for row in run.metrics], **{name: [row.get(name) for row in run.metrics] for name in names}}
