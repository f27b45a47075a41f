"""Trainings: started detached from Slicer, followed through their job folders, stopped, resumed, found again, deleted."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from SSLSegmentationLib.contract import client
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.run import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING, Run
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import LAST_FINETUNE_RUN
from SSLSegmentationLib.gui.texts import _

__all__ = ["CANCELLED", "DONE", "FAILED", "INTERRUPTED", "RUNNING", "Run"]

# A run that says nothing for so long is mentioned; a first epoch on a slow disk can take a while.
SILENT_SECONDS = 120.0
# Time that a stopped run has to end in order, and then by force, in seconds: with all looks it is gone within 2 s.
GRACE_SECONDS = 1.6


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


def new_folder(session: Session, name: str) -> Path:
    """Makes the folder of a new run of about that name, for what has to lie in it before the start. Raises `disk.*`."""
    folder = session.settings.runs_folder / free_name(session, name)
    with disk_errors(folder):
        folder.mkdir(parents=True)
    return folder


def start(
    session: Session,
    command: str,
    config: Mapping[str, Any],
    *,
    name: str = "",
    folder: Optional[Path] = None,
    pretrained: Optional[Path] = None,
) -> Run:
    """Starts "pretrain" or "finetune", detached: it goes on when Slicer is closed. Raises as `contract.client.start`.

    The run lies in `folder`, as `new_folder` made it, else in a new one of about that `name`.
    """
    python = session.engine_python()
    place = new_folder(session, name) if folder is None else folder
    extra: Sequence[str] = () if pretrained is None else ("--pretrained", str(pretrained))
    try:
        handle = client.start(command, config, job=place, python=python, extra_args=extra)
    except SSLSegmentationError:
        with contextlib.suppress(OSError):
            place.rmdir()
        raise
    session.runs.adopt(handle)
    return Run(handle)


def resume(session: Session, run: Run) -> Run:
    """Goes on with a run from its newest checkpoint. Raises as `contract.client.start`."""
    record = run.handle.folder.read_record()
    pretrained = record.decided.get("pretrained")
    extra = ["--resume", *(("--pretrained", str(pretrained)) if pretrained else ())]
    handle = client.start(record.command, record.config, job=run.path, python=session.engine_python(), extra_args=extra)
    session.runs.adopt(handle)
    if record.command == "finetune":
        # The panel Fine-tune follows it from now on, and offers its model.
        session.settings.set(LAST_FINETUNE_RUN, str(run.path))
    return Run(handle)


def follow(run: Run) -> Steps[Path]:
    """Progress of a run until it has ended; gives its folder, which is a model path. Raises what ended it.

    Leaving early lets the run go on.
    """
    while True:
        run.poll()
        if run.ended or not run.path.is_dir():
            break
        if run.handle.hangs(SILENT_SECONDS):
            yield Progress(_("Nothing heard from the backend for 2 minutes …"), run.progress.share, waits=True)
        else:
            # More history lies there: read on at once.
            yield replace(run.progress, waits=run.caught_up)
    if not run.path.is_dir():
        # Nobody can use what a run without its folder makes; what it writes at its end goes, too.
        yield from stop(run)
        shutil.rmtree(run.path, ignore_errors=True)
        raise run.gone()
    error = run.error()
    if error is not None:
        raise error
    return run.path


def stop(run: Run) -> Steps[str]:
    """Ends a run with all its processes within 2 s; it can be resumed. Gives its last state."""
    run.stopping = True
    for _state in run.handle.cancelling(GRACE_SECONDS):
        yield Progress(_("Stopping …"), waits=True)
    run.poll()
    return run.state


def find_run(session: Session, path: Path) -> Run:
    """The run in a job folder, whoever started it. Raises `job.not_a_job` where there is none."""
    if not any((path / name).is_file() for name in ("status.json", "config.json", "request.json")):
        raise SSLSegmentationError("job.not_a_job", _("The folder of the run '{name}' is gone.").format(name=path.name))
    return Run(session.runs.handle(path))


def why_not_resumable(session: Session, run: Run) -> str:
    """Why a run can't go on; empty where it can."""
    if run.state == RUNNING:
        return _("It is running.")
    if run.state == DONE:
        return _("It is done. To go on from its model, choose it under 'Fine-tune'.")
    if not run.handle.folder.config.is_file():
        return _("It ended before it began: start a new one.")
    try:
        session.engine_python()
    except SSLSegmentationError as error:
        return f"{error.message} {error.hint}"
    return ""


def delete(run: Run) -> None:
    """Removes a run's folder, its model with it. Raises `job.in_use` while it runs, `disk.*`."""
    if run.handle.state() == RUNNING or JobFolder(run.path).state() == RUNNING:
        raise run.handle.folder.in_use()
    with disk_errors(run.path):
        shutil.rmtree(run.path)
