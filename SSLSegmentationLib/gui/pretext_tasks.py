"""The pretext tasks that the engine has, asked of it: a new one appears in the panel without a line here."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any, Dict, List, Mapping, Tuple

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.contract.worker import Worker
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _

Tasks = Dict[str, TaskDescription]
# A worker starts in a second or two; on a cold disk in some more.
PATIENCE_SECONDS = 30.0


def tasks_of(entries: Any) -> Tasks:
    """The tasks by name from what a worker says of them, `TaskDescription.as_dict()` each; what can't be read is left out."""
    found: Tasks = {}
    for entry in entries if isinstance(entries, list) else ():
        try:
            task = _task(entry)
        except (KeyError, TypeError, ValueError):
            continue
        found[task.name] = task
    return found


def known_tasks(session: Session) -> Steps[Tasks]:
    """The engine's tasks: from the worker in Slicer's own Python, else, where that has none, from the backend.

    Raises `environment.no_torch` where the backend is needed and not set up, and as `Worker.warm`.
    """
    tasks: Tasks = {}
    with contextlib.suppress(SSLSegmentationError):
        # It may not be found, or not start: the backend can tell as well.
        tasks = yield from _told_by(session.local)
    if not tasks:
        tasks = yield from _told_by(session.engine)
    return tasks


def _told_by(worker: Worker) -> Steps[Tasks]:
    worker.warm()
    until = time.monotonic() + PATIENCE_SECONDS
    while worker.running and worker.hello() is None and time.monotonic() < until:
        yield Progress(_("Looking for the pretext tasks …"), waits=True)
    return tasks_of((worker.hello() or {}).get("tasks"))


def _task(entry: Mapping[str, Any]) -> TaskDescription:
    settings: List[Tuple[str, Any, FieldInfo]] = []
    for setting in entry["settings"]:
        default = setting["default"]
        settings.append((str(setting["name"]), tuple(default) if isinstance(default, list) else default, _info(setting)))
    return TaskDescription(
        name=str(entry["name"]),
        title=str(entry["title"]),
        summary=str(entry["summary"]),
        dims=tuple(int(dims) for dims in entry["dims"]),
        settings=tuple(settings),
        unused={str(name): str(reason) for name, reason in entry["unused"].items()},
    )


def _info(setting: Mapping[str, Any]) -> FieldInfo:
    facts = {field.name: setting[field.name] for field in dataclasses.fields(FieldInfo) if field.name in setting}
    for name in ("choices", "words", "length"):
        if name in facts:
            facts[name] = tuple(facts[name])
    return FieldInfo(**facts)


def check_task(tasks: Tasks, name: str, *, dims: int) -> TaskDescription:
    """The task of that name. Raises `config.invalid_value` where the engine has none, or none for `dims` dimensions."""
    task = tasks.get(name)
    if task is None:
        raise SSLSegmentationError(
            "config.invalid_value",
            _("The engine has no pretext task '{name}'.").format(name=name),
            hint=_("Choose one of: {names}.").format(names=", ".join(tasks) or "–"),
        )
    if dims not in task.dims:
        raise SSLSegmentationError(
            "config.invalid_value",
            _("'{task}' works in {dims}D only.").format(task=task.title, dims=" / ".join(str(value) for value in task.dims)),
            hint=_("Choose another network, or another task."),
        )
    return task
