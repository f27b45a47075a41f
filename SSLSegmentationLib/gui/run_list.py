"""The runs of this computer as lines of a table, looked at in small steps and only where something may have changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from SSLSegmentationLib.contract.events import read_event
from SSLSegmentationLib.contract.jobs.folder import JobFolder
from SSLSegmentationLib.contract.jobs.handle import JobHandle
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.run import RUNNING, number, progress_of
from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.texts import _

_TAIL_BYTES = 8192
# The files that show that a run was started in a folder; the first one changes with its state.
_STATUS, _OTHERS = "status.json", ("config.json", "request.json")

Stamp = Tuple[int, int]


@dataclass(frozen=True)
class RunRow:
    """What the table shows of a run. `started` is ISO-8601 in UTC, "" where it never began; `dice` the mean of the last
    validation, None without one; `progress` None where it does not run."""

    path: Path
    command: str
    state: str
    started: str
    dice: Optional[float] = None
    progress: Optional[Progress] = None

    @property
    def name(self) -> str:
        return self.path.name


class RunList:
    """Knows every run in the folder of runs, whoever started it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: Dict[Path, Tuple[Stamp, RunRow]] = {}
        self._handles: Dict[Path, JobHandle] = {}

    def adopt(self, handle: JobHandle) -> None:
        """A run that this session has started: it is known to run before it has written anything."""
        self._handles[handle.folder.path] = handle

    def handle(self, path: Path) -> JobHandle:
        """A new handle on a run; where this session started it, it knows the process."""
        known = self._handles.get(path)
        if known is not None and known.state() != RUNNING and known.folder.state() == RUNNING:
            # Another program has resumed it meanwhile.
            del self._handles[path]
            known = None
        return JobHandle(JobFolder(path)) if known is None else known.twin()

    def refresh(self) -> Steps[Tuple[RunRow, ...]]:
        """Looks at the runs that may have changed; gives all of them, the newest first."""
        found: Dict[Path, Tuple[Stamp, RunRow]] = {}
        for path in _folders(self._settings.runs_folder):
            stamp = _stamp(path)
            if stamp is not None or path in self._handles:
                known = self._known.get(path)
                if known is None or known[0] != stamp or known[1].state == RUNNING or path in self._handles:
                    known = (stamp or (0, 0), self._look(path))
                found[path] = known
            yield Progress(_("Looking at the runs …"))
        self._known = found
        self._handles = {path: handle for path, handle in self._handles.items() if path in found}
        return self.rows

    @property
    def rows(self) -> Tuple[RunRow, ...]:
        """The runs as last looked at, the newest first."""
        order = sorted(self._known.values(), key=lambda entry: (entry[1].started or _iso(entry[0]), entry[1].name), reverse=True)
        return tuple(row for _stamp_of, row in order)

    def _look(self, path: Path) -> RunRow:
        handle = self.handle(path)
        state = handle.state()
        status = handle.folder.read_status()
        return RunRow(
            path,
            command=status.command if status is not None else "",
            state=state,
            started=status.started if status is not None else "",
            dice=_last_dice(handle.folder.metrics),
            progress=_last_progress(handle.folder.events) if state == RUNNING else None,
        )


def _folders(runs: Path) -> Iterator[Path]:
    """The folders in the folder of runs; none where it is not there."""
    try:
        with os.scandir(runs) as entries:
            names = [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return
    for name in names:
        yield (runs / name).absolute()


def _stamp(path: Path) -> Optional[Stamp]:
    """Changes with the state of the run in `path`; None where no run was ever started there."""
    for name in (_STATUS, *_OTHERS):
        try:
            facts = os.stat(path / name)  # noqa: PTH116  # a thousand of them a second
        except OSError:
            continue
        return facts.st_mtime_ns, facts.st_size
    return None


def _iso(stamp: Stamp) -> str:
    return datetime.fromtimestamp(stamp[0] / 1e9, timezone.utc).isoformat(timespec="milliseconds")


def _tail(path: Path) -> List[bytes]:
    """The last whole lines of a file; none where it can't be read."""
    try:
        with path.open("rb") as handle:
            end = handle.seek(0, os.SEEK_END)
            start = handle.seek(max(0, end - _TAIL_BYTES))
            lines = handle.read().split(b"\n")
    except OSError:
        return []
    # What follows the last line end is being written; what comes before the first one may be cut.
    return lines[1 if start else 0 : -1]


def _last_progress(events: Path) -> Progress:
    for event in map(read_event, reversed(_tail(events))):
        if event is not None and event.event == "progress":
            return progress_of(event.fields)
        if event is not None and event.event in ("phase", "started"):
            break
    return Progress(_("Starting …"))


def _last_dice(metrics: Path) -> Optional[float]:
    """The mean Dice in the last row of metrics.csv."""
    try:
        with metrics.open("rb") as handle:
            names = handle.readline(_TAIL_BYTES).decode("utf-8", "replace").strip().split(",")
    except OSError:
        return None
    lines = _tail(metrics)
    if "dice" not in names or not lines:
        return None
    cells = lines[-1].decode("utf-8", "replace").split(",")
    try:
        return number(float(cells[names.index("dice")]))
    except (ValueError, IndexError):
        return None
