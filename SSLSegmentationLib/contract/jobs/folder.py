"""A job folder seen from outside: where its files lie and what state it is in."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, disk_errors, write_text
from SSLSegmentationLib.contract.jobs.lock import is_locked
from SSLSegmentationLib.contract.jobs.record import JobRecord

RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = "running", "done", "failed", "cancelled", "interrupted"
_WRITTEN_STATES = (RUNNING, DONE, FAILED, CANCELLED)
# What is written beside its final name, see `contract.files`.
_TEMPORARY = re.compile(r"\.[0-9a-f]{8}(\..*)?")


@dataclass(frozen=True)
class JobStatus:
    """What status.json holds. Times are ISO-8601 in UTC, "" where not yet; `error` is {code, message, hint} or None."""

    state: str
    command: str = ""
    pid: int = 0
    host: str = ""
    started: str = ""
    ended: str = ""
    error: Optional[Mapping[str, str]] = None

    def as_dict(self) -> Dict[str, Any]:
        return {
            "state": self.state,
            "command": self.command,
            "pid": self.pid,
            "host": self.host,
            "started": self.started,
            "ended": self.ended,
            "error": dict(self.error) if self.error else None,
        }


def _status_of(raw: Any) -> Optional[JobStatus]:
    if not isinstance(raw, dict) or raw.get("state") not in _WRITTEN_STATES:
        return None
    pid, error = raw.get("pid"), raw.get("error")
    texts = {name: raw[name] if isinstance(raw.get(name), str) else "" for name in ("command", "host", "started", "ended")}
    return JobStatus(
        state=raw["state"],
        pid=pid if isinstance(pid, int) else 0,
        error={str(key): str(value) for key, value in error.items()} if isinstance(error, dict) else None,
        **texts,
    )


class JobFolder:
    """The files of one job and its state."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path).expanduser().absolute()
        self.config = self.path / "config.json"
        self.status = self.path / "status.json"
        self.events = self.path / "events.jsonl"
        self.log = self.path / "log.txt"
        self.metrics = self.path / "metrics.csv"
        self.checkpoint = self.path / "checkpoint"
        self.model = self.path / "model"
        self.lock = self.path / "lock"
        self.cancel = self.path / "cancel"

    def holds_job(self) -> bool:
        """Whether a job was ever started here."""
        return self.config.is_file() or self.status.is_file()

    def is_locked(self) -> bool:
        """Whether a run holds this folder now."""
        return is_locked(self.lock)

    def read_status(self) -> Optional[JobStatus]:
        """What status.json says; None where it is missing or damaged."""
        try:
            return _status_of(json.loads(self.status.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError):
            return None

    def write_status(self, status: JobStatus) -> None:
        """Replaces status.json in one step; on a full disk it is overwritten in place, which needs no space."""
        text = json.dumps(status.as_dict(), indent=2, ensure_ascii=False) + "\n"
        try:
            write_text(self.status, text)
        except SSLSegmentationError as error:
            if error.code != "disk.full" or not self.status.is_file():
                raise
            with disk_errors(self.status), self.status.open("r+b") as handle:
                handle.write(text.encode("utf-8"))
                handle.truncate()

    def read_record(self) -> JobRecord:
        """What config.json holds. Errors: `job.nothing_to_resume` where there is none, `config.unreadable`."""
        try:
            text = self.config.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SSLSegmentationError("job.nothing_to_resume", f"{self.path} has no config.json.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SSLSegmentationError("config.unreadable", f"{self.config} cannot be read: {error}.") from error
        return JobRecord.from_json(text, source=self.config)

    def write_record(self, record: JobRecord) -> None:
        write_text(self.config, record.to_json())

    def state(self) -> Optional[str]:
        """running, done, failed, cancelled or interrupted; None where there is no job."""
        status = self.read_status()
        if status is not None and status.state != RUNNING:
            return status.state
        if self.is_locked():
            return RUNNING
        # A run that ended just now wrote its last state before it freed the lock.
        status = self.read_status()
        if status is not None and status.state != RUNNING:
            return status.state
        return INTERRUPTED if self.holds_job() else None

    def check_startable(self, *, resume: bool) -> None:
        """Errors: `job.in_use`, `job.exists`, `job.nothing_to_resume`, `job.not_a_job` (a file lies there)."""
        with self._as_folder():
            is_file = self.path.exists() and not self.path.is_dir()
        if is_file:
            raise SSLSegmentationError("job.not_a_job", f"{self.path} is a file.")
        if self.is_locked():
            raise self.in_use()
        if resume and not self.config.is_file():
            raise SSLSegmentationError("job.nothing_to_resume", f"{self.path} has no config.json.")
        if not resume and self.holds_job():
            raise SSLSegmentationError("job.exists", f"{self.path} already holds a job ({self.state()}).")

    def create(self) -> None:
        """Makes the folder where it is not there. Errors: `disk.*`, `job.not_a_job` (the path cannot be a folder)."""
        with self._as_folder():
            self.path.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def _as_folder(self) -> Iterator[None]:
        """Tells of a path that cannot be a folder."""
        try:
            with disk_errors(self.path):
                yield
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SSLSegmentationError("job.not_a_job", f"{self.path} cannot be a folder: {reason}.") from error

    def in_use(self) -> SSLSegmentationError:
        """The error for a folder that another run holds."""
        status = self.read_status()
        who = f" (process {status.pid} on {status.host})" if status is not None and status.pid else ""
        return SSLSegmentationError("job.in_use", f"Another process is running the job in {self.path}{who}.")

    def remove_temporaries(self) -> None:
        """Removes what a killed run was writing. Only for who holds the lock; what can't be removed does no harm."""
        for folder in (self.path, self.checkpoint, self.model):
            for path in folder.iterdir() if folder.is_dir() else ():
                if not _TEMPORARY.fullmatch(path.name):
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    with contextlib.suppress(OSError):
                        path.unlink()

    def request_cancel(self) -> None:
        """Asks the run to stop."""
        with disk_errors(self.cancel):
            self.cancel.touch()

    def clear_cancel(self) -> None:
        """Removes a request to stop."""
        with contextlib.suppress(FileNotFoundError), disk_errors(self.cancel):
            self.cancel.unlink()
