"""Signals to handlers: each connection is checked, its errors are shown, and all can be undone."""

from __future__ import annotations

import inspect
from typing import Any, Callable, List, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.widgets.messages import show_error


def _positional(handler: Callable[..., Any]) -> int:
    """How many arguments a handler takes."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in kinds for parameter in inspect.signature(handler).parameters.values())


class Connections:
    """The connections of one panel. Qt holds handlers strongly: `close` lets go of them."""

    def __init__(self) -> None:
        self._made: List[Tuple[Any, str, Callable[..., None]]] = []
        self._paused = False

    def add(self, sender: Any, signal: str, handler: Callable[..., Any]) -> None:
        """Connects a signal, named by its C++ signature. An error of the handler is shown, not lost in the console."""
        wanted = _positional(handler)

        def guarded(*values: Any) -> None:
            if self._paused:
                return
            try:
                handler(*values[:wanted])
            except Exception as error:  # noqa: BLE001  # Qt would swallow it
                show_error(error)

        if not sender.connect(signal, guarded):
            raise SSLSegmentationError("defect.internal", f"{type(sender).__name__} has no signal {signal}.")
        self._made.append((sender, signal, guarded))

    def pause(self) -> None:
        """No handler is called until `resume`: the scene is changing, and what the controls say of it is no one's choice."""
        self._paused = True

    def resume(self) -> None:
        """Handlers are called again."""
        self._paused = False

    def close(self) -> None:
        """Undoes all connections."""
        for sender, signal, guarded in self._made:
            # A widget that Qt has deleted meanwhile counts as False.
            if sender:
                sender.disconnect(signal, guarded)
        self._made.clear()
