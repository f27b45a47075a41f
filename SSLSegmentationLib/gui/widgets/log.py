"""The last lines of a log, folded away until someone wants to read them."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

import ctk
import qt

from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.form import button

_LINES_SHOWN = 8
_MOST_LINES = 500


class LogView:
    """A folded box with the log's last lines and a button that copies them.

    `read` gives the lines; it is asked only while the box is open.
    """

    def __init__(self, connections: Connections, read: Callable[[], Sequence[str]]) -> None:
        self._read = read
        self._lines: List[str] = []
        self.widget = ctk.ctkCollapsibleButton()
        self.widget.text = _("Log")
        self.widget.flat = True
        self.widget.setToolTip(_("What the backend writes while it works; useful when something goes wrong."))
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(2, 2, 2, 2)
        self.text = qt.QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(_MOST_LINES)
        self.text.setMinimumHeight(self.text.fontMetrics().height() * _LINES_SHOWN)
        layout.addWidget(self.text)
        self.copy_button = button(_("Copy the log"), _("Copies these lines, to paste them into a message or a report."))
        layout.addWidget(self.copy_button)
        self.widget.collapsed = True
        connections.add(self.widget, "contentsCollapsed(bool)", self._folded)
        connections.add(self.copy_button, "clicked()", self._copy)

    def refresh(self) -> None:
        """Shows what is new; does nothing while folded."""
        if self.widget.collapsed:
            return
        lines = list(self._read())
        if lines == self._lines:
            return
        self._lines = lines
        self.text.setPlainText("\n".join(lines))
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum)

    def _folded(self, collapsed: bool) -> None:
        if not collapsed:
            self.refresh()

    def _copy(self) -> None:
        clipboard: Any = qt.QApplication.clipboard()
        clipboard.setText("\n".join(self._read()))
