"""One run of a job: it holds the folder's lock, tells what happens, and leaves the right state behind."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import socket
import time
from types import TracebackType
from typing import Any, Callable, Mapping, Optional, Type

from SSLSegmentationLib.contract.config import Config
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.events import Event, EventWriter, now
from SSLSegmentationLib.contract.failures import describe_error
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.jobs.folder import CANCELLED, DONE, FAILED, RUNNING, JobFolder, JobStatus
from SSLSegmentationLib.contract.jobs.lock import FileLock
from SSLSegmentationLib.contract.jobs.log import LOGGER_NAME, JobLog
from SSLSegmentationLib.contract.jobs.record import JobRecord
from SSLSegmentationLib.contract.jobs.resume import resumed_record
from SSLSegmentationLib.contract.jobs.signals import StopSignals

_CANCEL_CHECK_SECONDS = 0.2
_PROGRESS_SECONDS = 0.25

OnEvent = Callable[[Event], None]


class JobRun:
    """A context manager around a run; open it with `JobRun.open`.

    Leaving it writes the last state: done, cancelled (the error `job.cancelled`, or KeyboardInterrupt) or failed.
    Errors of the system leave it as `SSLSegmentationError`, with the original as cause.
    `already_done`: the job was done before, nothing may be changed and there is nothing to do.
    `resumed`: the folder held a job; `config` and `decided` are then those that it began with (budgets may be larger).
    """

    def __init__(
        self, folder: JobFolder, record: JobRecord, *, lock: FileLock, resumed: bool, on_event: Optional[OnEvent]
    ) -> None:
        self.folder = folder
        self.config = record.config
        self.decided: Mapping[str, Any] = record.decided
        self.command = record.command
        self.resumed = resumed
        self.already_done = False
        self._record = record
        self._lock = lock
        self._on_event = on_event
        self._signals = StopSignals()
        self._log: Optional[JobLog] = None
        self._events: Optional[EventWriter] = None
        self._started = now()
        self._cancelled = False
        self._next_check = 0.0
        self._next_progress = 0.0

    @classmethod
    def open(
        cls,
        folder: PathLike,
        *,
        config: Config,
        command: str,
        resume: bool,
        decided: Mapping[str, Any],
        on_event: Optional[OnEvent] = None,
    ) -> "JobRun":
        """Takes the folder for a run and writes config.json and status.json.

        Errors: `job.in_use` while another holds the lock; `job.exists` without `resume` on a job; with `resume`
        `job.nothing_to_resume` without a config.json, `config.conflict` on another config or pretrained model; `disk.*`.
        A job that is done already is left untouched and gives a run whose `already_done` is True.
        """
        job = JobFolder(folder)
        job.check_startable(resume=resume)
        job.create()
        lock = FileLock(job.lock)
        if not lock.acquire():
            raise job.in_use()
        try:
            return cls._open_locked(job, lock, config=config, command=command, resume=resume, decided=decided, on_event=on_event)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open_locked(
        cls,
        job: JobFolder,
        lock: FileLock,
        *,
        config: Config,
        command: str,
        resume: bool,
        decided: Mapping[str, Any],
        on_event: Optional[OnEvent],
    ) -> "JobRun":
        # Another run may have come and gone between the first look and the lock.
        if not resume and job.holds_job():
            raise SSLSegmentationError("job.exists", f"{job.path} already holds a job ({job.state()}).")
        status = job.read_status()
        if resume and status is not None and status.state == DONE:
            run = cls(job, job.read_record(), lock=lock, resumed=True, on_event=on_event)
            run.already_done = True
            return run
        if resume:
            record = resumed_record(job.read_record(), command=command, config=config, decided=decided)
        else:
            record = JobRecord(command=command, config=config, decided=dict(decided))
        run = cls(job, record, lock=lock, resumed=resume, on_event=on_event)
        try:
            run._begin()
        except BaseException as error:
            run._leave(error)
            raise
        return run

    def _begin(self) -> None:
        self.folder.clear_cancel()
        self.folder.remove_temporaries()
        self.folder.write_record(self._record)
        self._write_status(RUNNING)
        self._log = JobLog(self.folder.log)
        self._events = EventWriter(self.folder.events)
        self._signals.install()
        self.emit("started", command=self.command, resumed=self.resumed, pid=os.getpid(), version=self._record.version)

    def __enter__(self) -> "JobRun":
        return self

    def decide(self, **facts: Any) -> None:
        """Adds to `decided` what could only be decided after the start, so that a resumed run keeps it. Errors: `disk.*`."""
        decided = {**self.decided, **facts}
        self._record = dataclasses.replace(self._record, decided=decided)
        self.decided = decided
        self.folder.write_record(self._record)

    def emit(self, event: str, **fields: Any) -> None:
        """Writes one event. Errors: `disk.full`, `disk.read_only`."""
        if self._events is None:
            return
        if event == "phase":
            # However short it is, a phase begins with a progress of its own.
            self._next_progress = 0.0
        written = self._events.write(event, **fields)
        if self._on_event is not None:
            try:
                self._on_event(written)
            except BaseException as error:
                # It is not told of its own failure. Who watched has left where the pipe is broken: the run goes on.
                self._on_event = None
                if not isinstance(error, BrokenPipeError):
                    raise

    def warn(self, text: str) -> None:
        """Tells the user of something that does not stop the run."""
        logging.getLogger(LOGGER_NAME).warning("%s", text)
        self.emit("warning", message=text)

    def progress(self, step: int, total: int, seconds_left: Optional[float] = None, **fields: Any) -> None:
        """Tells how far the run is; cheap to call at each step, since only some calls a second are written."""
        moment = time.monotonic()
        if moment >= self._next_progress or step >= total:
            self._next_progress = moment + _PROGRESS_SECONDS
            self.emit("progress", step=step, total=total, seconds_left=seconds_left, **fields)

    def cancel_requested(self) -> bool:
        """Whether the run should stop: a signal came, or a file named `cancel` lies in the folder. Cheap."""
        if self._cancelled or self._signals.received:
            return True
        moment = time.monotonic()
        if moment >= self._next_check:
            self._next_check = moment + _CANCEL_CHECK_SECONDS
            self._cancelled = self.folder.cancel.exists()
        return self._cancelled

    def check_cancelled(self) -> None:
        """Errors: `job.cancelled` where the run should stop."""
        if self.cancel_requested():
            raise self._cancellation()

    def _cancellation(self) -> SSLSegmentationError:
        return SSLSegmentationError("job.cancelled", f"The run in {self.folder.path} was cancelled.")

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._leave(error)

    def _leave(self, error: Optional[BaseException]) -> None:
        try:
            if self.already_done:
                return
            if error is None:
                self._finish()
            else:
                self._fail(error)
        finally:
            self._close()

    def _finish(self) -> None:
        try:
            self.folder.clear_cancel()
            self.emit("done")
            # The state comes last: who sees it can read every event.
            self._write_status(DONE)
        except (SSLSegmentationError, OSError) as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        """Writes the last state and raises `error` as one of the table, where it is none yet."""
        failure = self._cancellation() if isinstance(error, KeyboardInterrupt) else describe_error(error)
        facts = {"code": failure.code, "message": failure.message, "hint": failure.hint}
        cancelled = failure.code == "job.cancelled"
        if self._log is not None and not cancelled:
            self._log.write_traceback(error)
        # On a full disk these fail too; the error itself must still come out.
        with contextlib.suppress(SSLSegmentationError, OSError):
            self.folder.clear_cancel()
        with contextlib.suppress(SSLSegmentationError, OSError):
            self.emit("error", **facts)
        with contextlib.suppress(SSLSegmentationError, OSError):
            # A folder without config.json stays free for a new start: nothing could go on from its state.
            if self.folder.config.is_file():
                self._write_status(CANCELLED if cancelled else FAILED, error=facts)
        if failure is not error and failure.code != "defect.internal":
            raise failure from error

    def _close(self) -> None:
        self._signals.restore()
        if self._events is not None:
            self._events.close()
        if self._log is not None:
            self._log.close()
        self._lock.release()

    def _write_status(self, state: str, *, error: Optional[Mapping[str, str]] = None) -> None:
        self.folder.write_status(
            JobStatus(
                state=state,
                command=self.command,
                pid=os.getpid(),
                host=socket.gethostname(),
                started=self._started,
                ended="" if state == RUNNING else now(),
                error=error,
            )
        )
