"""The last lines of what failed besides an installation: a run, and the workers. Whatever may name a scan is left out."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

from SSLSegmentationLib.contract.jobs.folder import FAILED, INTERRUPTED, JobFolder
from SSLSegmentationLib.contract.jobs.last_words import log_tail

# A title and lines.
Log = Tuple[str, Tuple[str, ...]]
# So many runs are looked at, the newest first.
_LOOKED_AT = 20
_NOTE = re.compile(r"^\S+ (?:INFO|WARNING) ")
_PRINTED_ERROR = re.compile(r"^error: .*(\[[a-z._]+\])$")
_OWN_ERROR = re.compile(r"^([\w.]*SSLSegmentationError): .*")


def last_logs(runs: Path, workers: Iterable[Path]) -> Tuple[Log, ...]:
    """Of the newest run in the folder `runs` that failed, and of the `workers`' logs."""
    run = _failed_run(runs)
    logs = [] if run is None else [run]
    logs += [("Last lines of a worker", without_names(log_tail(log))) for log in workers]
    return tuple(log for log in logs if log[1])


def without_names(lines: Iterable[str]) -> Tuple[str, ...]:
    """Lines of a log less what a case may be named in: notes, the sentences of our own errors, and quoted words."""
    kept = (line for line in lines if not _NOTE.match(line))
    coded = (_OWN_ERROR.sub(r"\1", _PRINTED_ERROR.sub(r"error \1", line)) for line in kept)
    return tuple(re.sub(r"'[^']*'", "'…'", line) for line in coded)


def _failed_run(runs: Path) -> Optional[Log]:
    for path in _newest(runs):
        folder = JobFolder(path)
        if folder.state() not in (FAILED, INTERRUPTED):
            continue
        status = folder.read_status()
        command = status.command if status is not None else ""
        code = str(status.error.get("code", "")) if status is not None and status.error is not None else ""
        return ("Last run that failed", (f"{command} {folder.state()} {code}".strip(), *without_names(log_tail(folder.log))))
    return None


def _newest(runs: Path) -> List[Path]:
    """The newest folders, by when something was put into them last."""
    found: List[Tuple[float, str]] = []
    with contextlib.suppress(OSError), os.scandir(runs) as entries:
        found = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.is_dir()]
    return [Path(path) for _time, path in sorted(found, reverse=True)[:_LOOKED_AT]]
