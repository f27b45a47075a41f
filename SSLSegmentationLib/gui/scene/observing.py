"""Observers of scene events that can be taken back all at once."""

from __future__ import annotations

from typing import Any, Callable, List, Tuple, Union

# The priority of what has to come after Slicer's own widgets have taken in a change: they observe at -10 to 10.
LAST = -1000.0


class Observers:
    """Callables without arguments that events of VTK objects call, until `remove_all`."""

    def __init__(self) -> None:
        self._held: List[Tuple[Any, int]] = []

    def add(self, sender: Any, event: Union[int, str], handler: Callable[[], None], *, priority: float = 0.0) -> None:
        """`handler()` at each `event` of `sender`; observers of a higher priority hear of it first."""

        def call(*_: Any) -> None:
            handler()

        self._held.append((sender, sender.AddObserver(event, call, priority)))

    def remove_all(self) -> None:
        """No handler is called any more. May be called twice."""
        held, self._held = self._held, []
        for sender, tag in held:
            sender.RemoveObserver(tag)
