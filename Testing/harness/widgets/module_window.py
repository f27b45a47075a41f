"""qSlicerScriptedLoadableModuleWidget: the window of a scripted module, which reads its file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import slicer
from PyQt6 import QtWidgets

from .node_combo_box import qMRMLWidget


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """Makes the class `<file>Widget` of the file, which is read where Python does not know it yet."""

    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        QtWidgets.QVBoxLayout(self)
        self._file = Path()
        self._instance: Any = None

    def setPythonSource(self, file: str) -> None:
        self._file = Path(file)
        name = self._file.stem
        if not hasattr(sys.modules.get(name), f"{name}Widget"):
            spec = importlib.util.spec_from_file_location(name, file)
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        self._instance = getattr(sys.modules[name], f"{name}Widget")(self)
        setattr(slicer.modules, f"{name}Widget", self._instance)

    def setup(self) -> None:
        self._instance.setup()

    def enter(self) -> None:
        self._instance.enter()

    def exit(self) -> None:
        self._instance.exit()

    def reload(self) -> None:
        """A new instance of the class that Python knows now."""
        self.setPythonSource(str(self._file))
        self.setup()
