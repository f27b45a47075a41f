"""Fixtures of the tests that run on Slicer's stand-in; after each test nothing may be left behind."""

from __future__ import annotations

import contextlib
import gc
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import qt
import slicer
from PyQt6 import QtWidgets, sip

from . import look
from .application import boot, new_stage, qSlicerApplication
from .record import SHOWN_ERRORS, Answers, DefectHandler, Record, answers, record
from .scene import Stage
from .watchdog import Watchdog, process_events

__all__ = ["application", "dialogs", "events", "host", "no_slot_errors", "scene", "stage", "watchdog"]


@pytest.fixture(scope="session")
def application() -> qSlicerApplication:
    return boot()


@pytest.fixture
def stage(application: qSlicerApplication) -> Iterator[Stage]:
    """A fresh scene with logics and settings."""
    made = new_stage()
    yield made
    made.close()


@pytest.fixture
def scene(stage: Stage) -> Any:
    """The fresh `slicer.mrmlScene`."""
    return stage.scene


@pytest.fixture
def events() -> Record:
    """What happened: messages, slot errors, defects, unknown signals, selected modules. A test that expects some clears
    them."""
    return record


@pytest.fixture
def dialogs() -> Answers:
    """What dialogs answer."""
    return answers


@pytest.fixture
def host() -> Iterator[Callable[..., Any]]:
    """Takes a widget over and deletes it after the test: `panel = host(Panel())`."""
    taken: list[Any] = []

    def take(widget: Any) -> Any:
        taken.append(widget)
        return widget

    yield take
    for widget in taken:
        if not sip.isdeleted(widget):
            widget.close()
            sip.delete(widget)


@pytest.fixture
def watchdog(application: qSlicerApplication) -> Iterator[Watchdog]:
    with Watchdog() as running:
        yield running


def _children() -> set[int]:
    """Processes that this one started and that still run (zombies too: they were not waited for)."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        # A thread may have ended since it was listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.update(int(word) for word in task.read_text().split())
    return found


def _windows() -> list[Any]:
    return [window for window in QtWidgets.QApplication.topLevelWidgets() if window and window.parentWidget() is None]


def _running_timers() -> list[Any]:
    return [timer for timer in look.timers if timer and timer.isActive()]


def _left_behind(before: set[int]) -> list[str]:
    """What a test left: windows, running timers, processes, threads that would keep the application from ending."""
    process_events()
    if _windows() or _running_timers():
        gc.collect()
        process_events()
    windows, timers = _windows(), _running_timers()
    left = [f"widget {window.className()} '{window.objectName}'" for window in windows]
    left += [f"running timer of {timer.interval} ms" for timer in timers]
    left += [f"process {pid}" for pid in _children() - before]
    left += [
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and thread.is_alive() and not thread.daemon
    ]
    if qt.QApplication.overrideCursor() is not None:
        left.append("the wait cursor")
        while qt.QApplication.overrideCursor() is not None:
            qt.QApplication.restoreOverrideCursor()
    for window in windows:
        if not sip.isdeleted(window):
            sip.delete(window)
    for timer in timers:
        if not sip.isdeleted(timer):
            timer.stop()
    return left


@pytest.fixture(autouse=True)
def no_slot_errors(application: qSlicerApplication) -> Iterator[None]:
    """Fails a test in which a slot raised, the module showed a defect, a signal did not exist, or which left something."""
    record.clear()
    answers.clear()
    before = _children()
    handler, shown = DefectHandler(), logging.getLogger(SHOWN_ERRORS)
    shown.addHandler(handler)
    yield
    shown.removeHandler(handler)
    left = _left_behind(before)
    assert "torch" not in sys.modules, "torch was imported into Slicer's process"
    assert not record.slot_errors, "a slot raised:\n" + "\n".join(record.slot_errors)
    assert not record.defects, "the module made a mistake:\n" + "\n".join(record.defects)
    assert not record.unknown_signals, "\n".join(record.unknown_signals)
    assert not left, f"left behind: {', '.join(left)}"
    assert slicer.app is application
