"""What happened while the code under test ran, and what the person answers in dialogs."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Callable, Optional

# The logger to which the module writes what it shows, and the code of an error that is its own mistake.
SHOWN_ERRORS, DEFECT = "SSLSegmentation", "defect.internal"


@dataclass(frozen=True)
class Message:
    """A message box, question or dialog that would have been shown. `kind`: error, info, warning, confirm, message, dialog."""

    kind: str
    text: str
    title: str = ""
    details: str = ""


@dataclass(frozen=True)
class SlotRun:
    """One outermost slot: when it began and ended (perf_counter, seconds), its name, how long it waited for a processor."""

    name: str
    began: float
    ended: float
    waited: float = 0.0

    @property
    def seconds(self) -> float:
        """What it took on its own account."""
        return self.ended - self.began - self.waited


class _ProcessorWait:
    """How long the main thread has stood ready but without a processor since it began, in seconds.

    On a busy machine this is time of other programs, not of the code under test. 0 where the system does not tell.
    """

    def __init__(self) -> None:
        try:
            self._file: Optional[int] = os.open("/proc/self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = None

    def __call__(self) -> float:
        return 0.0 if self._file is None else int(os.pread(self._file, 100, 0).split()[1]) / 1e9


processor_wait = _ProcessorWait()


@dataclass
class Record:
    slot_errors: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    unknown_signals: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    selected_modules: list[str] = field(default_factory=list)
    status_messages: list[str] = field(default_factory=list)
    slot_runs: deque[SlotRun] = field(default_factory=lambda: deque(maxlen=10_000))
    slot_watchers: list[Callable[[SlotRun], None]] = field(default_factory=list)
    depth: int = 0

    def clear(self) -> None:
        noted = (self.slot_errors, self.defects, self.unknown_signals)
        for part in (*noted, self.messages, self.selected_modules, self.status_messages):
            part.clear()
        self.slot_runs.clear()

    @property
    def texts(self) -> list[str]:
        """The texts of all messages so far."""
        return [message.text for message in self.messages]

    def failed(self, where: str) -> None:
        """Notes the exception that is being handled, and prints it as PythonQt does."""
        self.slot_errors.append(f"{where}\n{traceback.format_exc()}")
        traceback.print_exc()

    def failed_outside(self, kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        """Notes an exception that no one handled, such as one in an overridden event function."""
        self.slot_errors.append("".join(traceback.format_exception(kind, error, trace)))
        traceback.print_exception(kind, error, trace)

    def run_slot(self, name: str, call: Callable[[], object]) -> None:
        """Calls a slot: its exception is printed, noted and swallowed; the time of the outermost slot is noted."""
        began, waited = time.perf_counter(), processor_wait()
        self.depth += 1
        try:
            call()
        except Exception:  # noqa: BLE001  # what a slot raises never reaches Qt
            self.failed(f"slot {name}")
        finally:
            self.depth -= 1
        if self.depth == 0:
            run = SlotRun(name, began, time.perf_counter(), processor_wait() - waited)
            self.slot_runs.append(run)
            for watcher in self.slot_watchers:
                watcher(run)


@dataclass
class Answers:
    """What dialogs answer. `dialog` is called with a dialog that would have blocked, and gives what `exec_` returns."""

    confirm: bool = True
    button: Optional[int] = None
    file: str = ""
    files: tuple[str, ...] = ()
    directory: str = ""
    text: str = ""
    number: Optional[float] = None
    color: str = ""
    dialog: Optional[Callable[[object], int]] = None

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]  # starts anew


class DefectHandler(logging.Handler):
    """Notes each error that the module has shown and that is a mistake of its own: not the data's, the person's or the
    machine's."""

    def emit(self, entry: logging.LogRecord) -> None:
        shown = entry.args[0] if isinstance(entry.args, tuple) and entry.args else None
        if getattr(shown, "code", "") == DEFECT:
            record.defects.append(entry.getMessage())


record = Record()
answers = Answers()
