"""Progress with time left and a Cancel button: hidden while nothing runs."""

from __future__ import annotations

from typing import Any, Callable, Optional

import qt

from SSLSegmentationLib.gui.operation import Operation, Progress
from SSLSegmentationLib.gui.texts import _, duration
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.form import button, note, row

_STEPS = 1000


class ProgressRow:
    """A bar, what is being done, and Cancel."""

    def __init__(self, connections: Connections) -> None:
        self.bar = qt.QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.cancel_button = button(_("Cancel"), _("Stops what is running; what was there before stays."))
        self.text = note()
        self.widget = qt.QWidget()
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        self._running = row(self.bar, self.cancel_button)
        layout.addWidget(self._running)
        layout.addWidget(self.text)
        self._operation: Optional[Operation[Any]] = None
        self._cancel: Optional[Callable[[], None]] = None
        connections.add(self.cancel_button, "clicked()", self._cancelled)
        self.finish("")

    def start(self, operation: "Operation[Any]") -> None:
        """Follows an operation from its start."""
        self._operation = operation
        self.start_with(operation.cancel)
        self.show(operation.progress)

    def start_with(self, cancel: Callable[[], None]) -> None:
        """Follows something else that `cancel` ends."""
        self._cancel = cancel
        self.text.setVisible(True)
        self.cancel_button.setEnabled(True)
        self._running.setVisible(True)

    def show(self, progress: Progress) -> None:
        """How far it is."""
        if progress.share is None:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(int(_STEPS * min(max(progress.share, 0.0), 1.0)))
        left = "" if progress.seconds_left is None else _(", {time} left").format(time=duration(progress.seconds_left))
        self.text.setText(progress.text + left)

    def finish(self, text: str) -> None:
        """Nothing runs any more; `text` says how it ended."""
        self._operation, self._cancel = None, None
        self._running.setVisible(False)
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def _cancelled(self) -> None:
        self.cancel_button.setEnabled(False)
        if self._cancel is not None:
            self._cancel()
