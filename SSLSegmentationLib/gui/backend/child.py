"""Short helper processes, run in steps: without a window, with a clean environment, ended together with whoever waits."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.client import clean_environment
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.jobs.processes import TreeEnd
from SSLSegmentationLib.gui.operation import Progress, Result, Steps

_LOOK_SECONDS = 0.01
# Processes that nobody waits for any more, each looked at until nothing of it is left.
_ending: "List[Tuple[subprocess.Popen[bytes], TreeEnd]]" = []


@dataclass(frozen=True)
class Finished:
    """How a process ended: `code` None where it took too long and was killed."""

    code: Optional[int]
    output: str
    errors: str

    @property
    def last_line(self) -> str:
        """The last line it wrote to its errors, else to its output."""
        for text in (self.errors, self.output):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return ""


def _own_group() -> Dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


@contextlib.contextmanager
def child(
    command: Sequence[str],
    *,
    output: "IO[bytes]",
    errors: "Optional[IO[bytes]]" = None,
    environment: Optional[Mapping[str, str]] = None,
    folder: Optional[PathLike] = None,
) -> "Iterator[subprocess.Popen[bytes]]":
    """Starts a process (errors go into `output` by default); it and all that it started are ended with the block.

    The end is not waited for: `ending` carries on with it. `environment`: a clean one by default. Raises OSError where the
    program can't be started.
    """
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if errors is None else errors,
        env=dict(clean_environment() if environment is None else environment),
        cwd=folder,
        close_fds=True,
        **_own_group(),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            end = TreeEnd(process.pid)
            end.look()
            _ending.append((process, end))


def ending() -> bool:
    """Carries on with the end of processes that were left before they had finished; whether any is still there."""
    # Asked for its exit code last: until then a process's number, and that of its group, stay its own.
    _ending[:] = [(process, end) for process, end in _ending if end.look() or process.poll() is None]
    return bool(_ending)


def wait_for_ending(seconds: float) -> bool:
    """Waits until all processes that were left have ended, at most `seconds`; whether they have."""
    until = time.monotonic() + seconds
    while ending():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def run_child(
    command: Sequence[str],
    *,
    text: str,
    timeout: float,
    environment: Optional[Mapping[str, str]] = None,
    folder: Optional[PathLike] = None,
) -> "Steps[Finished]":
    """Runs a process to its end, at most `timeout` seconds; `text` is the progress. Raises OSError as `child` does."""
    # Files, not pipes: nobody has to empty them, and a process that writes much never stands still.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        until = time.monotonic() + timeout
        with child(command, output=output, errors=errors, environment=environment, folder=folder) as process:
            while process.poll() is None and time.monotonic() < until:
                yield Progress(text, waits=True)
            code = process.returncode
        return Finished(code, _text(output), _text(errors))


def _text(file: "IO[bytes]") -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def together(works: "Sequence[Steps[Result]]", *, at_once: int) -> "Steps[List[Result]]":
    """Runs several pieces of work side by side, at most `at_once`; their results in the given order."""
    results: Dict[int, Result] = {}
    waiting = list(enumerate(works))
    running = waiting[:at_once]
    del waiting[:at_once]
    try:
        while running:
            for number, work in list(running):
                progress = _advance(work, results, number)
                if progress is not None:
                    yield Progress(progress.text, len(results) / len(works), waits=progress.waits)
                    continue
                running.remove((number, work))
                if waiting:
                    running.append(waiting.pop(0))
    finally:
        for _number, work in running:
            work.close()
    return [results[number] for number in range(len(works))]


def _advance(work: "Steps[Result]", results: Dict[int, Result], number: int) -> Optional[Progress]:
    """The next progress; None where the work has ended, and its result is kept."""
    try:
        return next(work)
    except StopIteration as end:
        results[number] = end.value
        return None
