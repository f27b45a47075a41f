"""A person at the panels: unfolds, chooses, types and presses what is on screen, and waits."""

from __future__ import annotations

import time
from typing import Any, Callable

import slicer

from SSLSegmentationLib.gui.module_widget import ModuleWidget
from SSLSegmentationLib.gui.selftest.support import require

# Lets Slicer work until the condition holds, or for so many seconds; whether it came to hold.
Pump = Callable[[Callable[[], object], float], bool]

PATIENCE_SECONDS = 240.0
LOOK_SECONDS = 0.3
_PAUSE_SECONDS = 0.005


def let_slicer_work(until: Callable[[], object], timeout: float) -> bool:
    """The pump of a running Slicer."""
    end = time.monotonic() + timeout
    while not until():
        if time.monotonic() > end:
            return False
        slicer.app.processEvents()
        time.sleep(_PAUSE_SECONDS)
    return True


class Person:
    """What a person does with one module. Raises `AssertionError` where something can't be pressed or does not happen."""

    def __init__(self, pump: Pump = let_slicer_work) -> None:
        self._pump = pump

    def wait(self, until: Callable[[], object], what: str) -> None:
        """Waits until something has happened."""
        require(self._pump(until, PATIENCE_SECONDS), f"{what} happens in {PATIENCE_SECONDS:g} s")

    def look(self, seconds: float = LOOK_SECONDS) -> None:
        """Lets the windows draw."""
        self._pump(lambda: False, seconds)

    def open_panel(self, module: ModuleWidget, name: str) -> Any:
        """A panel, unfolded; the others are folded."""
        panel = module.show_only(name)
        self.look()
        return panel

    def press(self, button: Any) -> None:
        require(button.enabled, f"'{button.text}' can be pressed: {button.toolTip}")
        button.click()

    def choose(self, combo: Any, value: str) -> None:
        """Chooses the entry of a value."""
        index = combo.findData(value)
        require(index >= 0, f"'{value}' can be chosen")
        combo.setCurrentIndex(index)
        combo.activated.emit(index)
