"""A small window with progress and Cancel, for work that is started outside of the panels."""

from __future__ import annotations

from typing import Any

import qt
import slicer

from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

_WIDTH = 380


class ProgressWindow:
    """Stands beside the main window until `close`; closing it by hand cancels the work."""

    def __init__(self, title: str) -> None:
        self.connections = Connections()
        self.widget = qt.QDialog(slicer.util.mainWindow())
        self.widget.setWindowTitle(title)
        self.widget.setMinimumWidth(_WIDTH)
        layout = qt.QVBoxLayout(self.widget)
        self.progress = ProgressRow(self.connections)
        layout.addWidget(self.progress.widget)

    def follow(self, operation: "Operation[Any]") -> None:
        self.progress.start(operation)
        self.connections.add(self.widget, "rejected()", operation.cancel)
        self.widget.show()

    def close(self) -> None:
        self.connections.close()
        self.widget.hide()
        self.widget.deleteLater()
