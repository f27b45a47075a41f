"""The worker's process as the client holds it: started, written to and ended without ever waiting."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from SSLSegmentationLib.contract.client import backend_command, clean_environment
from SSLSegmentationLib.contract.errors import EXIT_DISK, SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, disk_errors
from SSLSegmentationLib.contract.jobs.last_words import log_tail, printed_error
from SSLSegmentationLib.contract.jobs.processes import TreeEnd
from SSLSegmentationLib.contract.worker.protocol import HELLO, LOG, OLD_LOG

_LARGEST_LOG = 1 << 20


def worker_command(python: PathLike, words: Sequence[str]) -> List[str]:
    """The command line of the worker, which starts in another folder."""
    # Links stay, since a virtual environment is one.
    own = os.path.abspath(python) if os.path.dirname(python) else python  # noqa: PTH100, PTH120  # `resolve` follows links
    return backend_command(own, words)


def _apart() -> Dict[str, Any]:
    """Settings of `Popen`: a group of its own, so that all of it can be ended, and no window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


@contextlib.contextmanager
def _no_broken_pipe_signal() -> Iterator[None]:
    """Writing to a process that has just ended must not end this one, which may not ignore SIGPIPE as Python does."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGPIPE) != signal.SIG_DFL:
        yield
        return
    # Only the main thread may.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)


class Backend:
    """One process that runs `sslseg WORDS`.

    Errors of its start: `environment.missing_package` where `python` cannot be run; `disk.*`.
    """

    def __init__(
        self, python: PathLike, words: Sequence[str], *, folder: Path, environment: Optional[Mapping[str, str]] = None
    ) -> None:
        self._hello = folder / HELLO
        self._log = folder / LOG
        self._unsent = b""
        self._end: Optional[TreeEnd] = None
        words = [*words, "--parent", str(os.getpid())]
        with disk_errors(folder):
            with contextlib.suppress(FileNotFoundError):
                self._hello.unlink()
            if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
                self._log.replace(folder / OLD_LOG)
            with self._log.open("ab") as log:
                self._log_start = log.tell()
                self._process = self._start(worker_command(python, words), log=log, environment=environment, folder=folder)
        if sys.platform != "win32":
            os.set_blocking(self._stdin.fileno(), False)

    @staticmethod
    def _start(
        command: List[str], *, log: Any, environment: Optional[Mapping[str, str]], folder: Path
    ) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                bufsize=0,
                env=clean_environment(environment),
                cwd=folder,
                close_fds=True,
                **_apart(),
            )
        except OSError as error:
            raise SSLSegmentationError(
                "environment.missing_package",
                f"{command[0]} cannot be run: {error.strerror}.",
                hint="Choose the backend's Python.",
            ) from error

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the process has ended; where it was killed, once all that it started has ended too."""
        if self._end is not None:
            # Until it is asked for its exit code the process's number, and that of its group, stay its own.
            return self._process.returncode is None and (self._end.look() or self._process.poll() is None)
        if self._process.poll() is None:
            return True
        TreeEnd(self.pid).look()
        return False

    @property
    def was_up(self) -> bool:
        """Whether it has said hello."""
        return self._hello.is_file()

    @property
    def closed(self) -> bool:
        """Whether it takes no more requests."""
        return bool(self._stdin.closed)

    def send(self, line: bytes) -> None:
        """Hands a line to the process, now or by later calls of `flush`."""
        self._unsent += line
        self.flush()

    def flush(self) -> None:
        """Writes what the process takes without waiting."""
        # Pipes of Windows wait where their few kB are full: there someone must be reading already.
        if not self._unsent or self.closed or (sys.platform == "win32" and not self.was_up):
            return
        with contextlib.suppress(BlockingIOError, BrokenPipeError, OSError), _no_broken_pipe_signal():
            while self._unsent and self._process.poll() is None:
                written = self._stdin.write(self._unsent)
                if not written:
                    return
                self._unsent = self._unsent[written:]

    def close(self) -> None:
        """Asks the process to end: it cancels what it does."""
        with contextlib.suppress(OSError):
            self._stdin.close()

    def kill(self) -> None:
        """Ends the process with all that it started; looking at `alive` later does the rest."""
        self.close()
        if self._end is None and self._process.poll() is None:
            self._end = TreeEnd(self.pid)
            self._end.look()

    def error(self) -> SSLSegmentationError:
        """Why it ended, as far as it can be told."""
        code = self._process.returncode
        tail = log_tail(self._log, since=self._log_start)
        if code == EXIT_DISK:
            return SSLSegmentationError("disk.full", f"The backend could not write to {self._log.parent}.")
        printed = printed_error(tail[-1]) if tail and not self.was_up else None
        if printed is not None:
            return printed
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        said = f" Its last words: {tail[-1]}" if tail else ""
        hint = f"Try again. If it happens again, see {self._log}."
        return SSLSegmentationError("job.backend_died", f"The backend process {how}.{said}", hint=hint)
