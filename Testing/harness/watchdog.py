"""Pumps Qt's events in tests, and measures for how long the thread that draws was busy at a stretch."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Callable, Optional

from PyQt6 import QtCore, QtWidgets

from .record import SlotRun, processor_wait, record

BEAT = 0.005
# The longest that the thread that draws may be busy at a stretch, in seconds; measuring coverage takes as long again.
LONGEST_BLOCK = 0.2 if "coverage" in sys.modules else 0.1
_active: list[Watchdog] = []


def process_events() -> None:
    """One round of events, deferred deletions included."""
    QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)


def pump(until: Optional[Callable[[], object]] = None, timeout: float = 30.0) -> bool:
    """Lets Qt work until `until()` is true, or for `timeout` seconds without one; whether it came true in time."""
    end = time.perf_counter() + timeout
    for watchdog in _active:
        watchdog.rest()
    while until is None or not until():
        if time.perf_counter() > end:
            return until is None
        process_events()
        time.sleep(0.001)
    process_events()
    return True


@dataclass(frozen=True)
class Block:
    """One stretch without events and the slot that ran longest in it ("" when none did).

    `seconds` leaves out the time in which other programs had the processor; `wall` has it.
    """

    seconds: float
    slot: str
    wall: float = 0.0


class Watchdog:
    """A context manager; `longest` is the longest block inside it.

    A block is the time between two beats of a 5 ms timer less 5 ms while events are pumped, or one slot where the test
    itself pressed the button.
    """

    def __init__(self) -> None:
        self.longest = Block(0.0, "")
        self.n_beats = 0
        self._last: Optional[float] = None
        self._waited = 0.0
        self._timer = QtCore.QTimer()
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(BEAT * 1000))
        self._timer.timeout.connect(self._beat)

    def __enter__(self) -> Watchdog:
        self._timer.start()
        record.slot_watchers.append(self._slot_ran)
        _active.append(self)
        self.rest()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.stop()
        record.slot_watchers.remove(self._slot_ran)
        _active.remove(self)

    def rest(self) -> None:
        """What passed since the last beat was the test's own time."""
        self._last, self._waited = time.perf_counter(), processor_wait()

    def _beat(self) -> None:
        now, waited = time.perf_counter(), processor_wait()
        self.n_beats += 1
        if self._last is not None:
            wall = now - self._last - BEAT
            own = wall - (waited - self._waited)
            if own > self.longest.seconds:
                ran = [run for run in record.slot_runs if run.ended >= self._last]
                self.longest = Block(own, max(ran, key=lambda run: run.seconds).name if ran else "", wall)
        self._last, self._waited = now, waited

    def _slot_ran(self, run: SlotRun) -> None:
        if run.seconds > self.longest.seconds:
            self.longest = Block(run.seconds, run.name, run.ended - run.began)
