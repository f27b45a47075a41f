"""What the panel Runs says of a run, and what it lets a person do with it."""

from __future__ import annotations

import contextlib
import re
from typing import Optional, Set

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.jobs.record import JobRecord
from SSLSegmentationLib.gui.backend.masking import mask
from SSLSegmentationLib.gui.models import open_model
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.apply.state import ApplyState
from SSLSegmentationLib.gui.run import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING, Run
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import LAST_MODEL
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases

APPLY = "apply"
_MOST_WARNINGS = 5
_LOG_LINES = 12


def read_on(run: Run) -> Steps[Run]:
    """Reads all that a run has told so far, a piece at a time."""
    run.poll()
    while not run.caught_up:
        yield run.progress
        run.poll()
    return run


def story(run: Run) -> str:
    """How a run went, in plain words: its state, what ended it with what to do, and its last warnings."""
    lines = [_state_line(run)]
    error = run.error()
    if error is not None and (run.state == FAILED or not run.path.is_dir()):
        lines += [error.message, error.hint]
    shown = run.warnings[-_MOST_WARNINGS:]
    if len(run.warnings) > len(shown):
        lines.append(_("{count} warnings; the last ones:").format(count=len(run.warnings)))
    lines += [_("Warning: {text}").format(text=text) for text in shown]
    return "\n".join(line for line in lines if line)


def _state_line(run: Run) -> str:
    sentences = {
        RUNNING: _("It is running. It goes on when Slicer is closed."),
        DONE: _("Done."),
        FAILED: _("It failed."),
        CANCELLED: _("It was stopped. 'Resume' goes on from its last checkpoint."),
        INTERRUPTED: _(
            "It was cut off: the computer was switched off, or it was killed. 'Resume' goes on from its last checkpoint."
        ),
    }
    return sentences.get(run.state, run.state)


def why_no_model(run: Run) -> str:
    """Why a run's model can't be applied; empty where it can."""
    try:
        model = open_model(run.path)
    except SSLSegmentationError as error:
        return error.message if error.code != "job.no_model" else _("It has no model yet.")
    return "" if model.segments else _("It is a pretrained model: choose it under 'Fine-tune' to start from.")


def apply_model(session: Session, run: Run) -> None:
    """Chooses a run's model in the panel Apply, and shows that."""
    session.settings.set(LAST_MODEL, str(run.path))
    state = session.store.load(ApplyState, prefix=APPLY)
    state.model = str(run.path)
    session.change_state(state, name=APPLY, show=True)


def report(run: Run) -> str:
    """A text for someone who helps, in English: state, versions, device and last log lines; names and folders are masked."""
    record = _record(run)
    scans: Set[str] = set()
    lines = [f"run of {run.command or 'unknown command'}: {run.state}, started {run.started or 'never'}"]
    if record is not None:
        decided = ", ".join(f"{key} {value}" for key, value in record.decided.items() if key != "pretrained")
        lines += [
            f"SSLSegmentation {record.version}, {decided}",
            f"preset {record.config.preset}, network {record.config.network}",
        ]
        scans = _case_names(record.config)
    error = run.error()
    lines += [f"error: {error}"] if error is not None else []
    lines += [f"{len(run.losses)} losses, {len(run.metrics)} validations, {len(run.warnings)} warnings", "", "Last log lines"]
    lines += run.handle.log_tail()[-_LOG_LINES:] or ["none"]
    names = _pattern(scans)
    return "\n".join(mask(names.sub("<scan>", line), known={str(run.path): "<run>"}) for line in lines) + "\n"


def _record(run: Run) -> Optional[JobRecord]:
    try:
        return run.handle.folder.read_record()
    except SSLSegmentationError:
        return None


def _case_names(config: Config) -> Set[str]:
    """The names of the run's scans and subjects: they may be those of patients."""
    names: Set[str] = set()
    with contextlib.suppress(SSLSegmentationError, OSError):
        for case in find_cases(config.data).cases:
            names |= {case.id, case.subject}
    return names - {""}


def _pattern(names: Set[str]) -> "re.Pattern[str]":
    """Finds names where they stand alone or as part of a path, the longer ones first."""
    return re.compile("|".join(_alone(name) for name in sorted(names, key=len, reverse=True)) or r"(?!)")


def _alone(name: str) -> str:
    found = rf"(?<![^\W_]){re.escape(name)}(?![^\W_])"
    # A number is no name where it is part of a version, a date or a time.
    return rf"(?<!\d[.:-]){found}(?![.:-]\d)" if name.isdigit() else found
