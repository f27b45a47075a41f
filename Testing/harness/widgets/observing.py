"""Observes MRML objects for a widget: weakly, and until the widget is gone."""

from __future__ import annotations

import weakref
from typing import Any

from PyQt6 import QtWidgets, sip


class Observations:
    """The observers of one widget. They end with `clear` and do nothing once the widget was deleted."""

    def __init__(self, widget: QtWidgets.QWidget) -> None:
        self._widget = weakref.ref(widget)
        self._tags: list[tuple[Any, int]] = []

    def add(self, target: Any, event: Any, method: str, priority: float = 0.0) -> None:
        """Calls the widget's `method()` at each `event` of `target`."""

        def call(_caller: Any, _event: Any) -> None:
            widget = self._widget()
            if widget is not None and not sip.isdeleted(widget):
                getattr(widget, method)()

        if target is not None:
            self._tags.append((target, target.AddObserver(event, call, priority)))

    def clear(self) -> None:
        for target, tag in self._tags:
            target.RemoveObserver(tag)
        self._tags.clear()
