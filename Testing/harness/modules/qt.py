"""All Qt classes flat, with PythonQt's look: what `import qt` gives inside Slicer."""

from __future__ import annotations

from typing import Any

from PyQt6 import QtCore as _QtCore
from PyQt6 import QtGui as _QtGui
from PyQt6 import QtWidgets as _QtWidgets

from Testing.harness import dialogs as _dialogs
from Testing.harness import look as _look

_look.apply()
_dialogs.apply()


def __getattr__(name: str) -> Any:
    if name.startswith("Q"):
        for module in (_QtWidgets, _QtGui, _QtCore):
            found = getattr(module, name, None)
            if found is not None:
                if isinstance(found, type):
                    _look.dress(found)
                return found
    raise AttributeError(f"module 'qt' has no attribute '{name}'")
