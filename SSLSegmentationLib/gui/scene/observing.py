"""Observers of scene events that can be taken back all at once."""

from __future__ import annotations

from typing import Any, Callable, List, Tuple, Union


class Observers:
    """Callables without arguments that events of VTK objects call, until `remove_all`."""

    def __init__(self) -> None:
        self._held: List[Tuple[Any, int]] = []

    def add(self, sender: Any, event: Union[int, str], handler: Callable[[], None]) -> None:
        """`handler()` at each `event` of `sender`."""

        def call(*_: Any) -> None:
            handler()

        self._held.append((sender, sender.AddObserver(event, call)))

    def remove_all(self) -> None:
        """No handler is called any more. May be called twice."""
        held, self._held = self._held, []
        for sender, tag in held:
            sender.RemoveObserver(tag)
