"""Dialogs that never block: they note what they would have shown and give the answer that the test has set."""

from __future__ import annotations

from typing import Any

from PyQt6 import QtCore, QtGui, QtWidgets

from .calls import refuse_keywords, to_qt
from .record import Message, answers, record

_YES = QtWidgets.QMessageBox.StandardButton.Yes
_OK = QtWidgets.QMessageBox.StandardButton.Ok
_NO = QtWidgets.QMessageBox.StandardButton.No
_CANCEL = QtWidgets.QMessageBox.StandardButton.Cancel


def _box_answer(buttons: int) -> int:
    """The preset button, else yes or OK (no or cancel when `answers.confirm` is false) out of those offered."""
    if answers.button is not None:
        return int(answers.button)
    wanted = (_YES, _OK) if answers.confirm else (_NO, _CANCEL)
    for button in wanted:
        if buttons & button.value:
            return int(button.value)
    return int(_OK.value)


def run_dialog(dialog: QtWidgets.QDialog) -> int:
    """In the place of `QDialog.exec`."""
    title = str(dialog.windowTitle)
    if isinstance(dialog, QtWidgets.QMessageBox):
        record.messages.append(Message("message", str(dialog.text), title, f"{dialog.informativeText}{dialog.detailedText}"))
        if answers.dialog is not None:
            return int(answers.dialog(dialog))
        return _box_answer(int(dialog.standardButtons))
    record.messages.append(Message("dialog", title, title))
    return int(answers.dialog(dialog)) if answers.dialog is not None else 0


def _box(kind: str) -> Any:
    def show(parent: Any, title: str, text: str, buttons: int = _OK.value, default: int = 0, **keywords: Any) -> int:
        refuse_keywords(keywords)
        to_qt(title), to_qt(text)
        record.messages.append(Message(kind, text, title))
        return _box_answer(int(buttons))

    return staticmethod(show)


def _asked(name: str) -> Any:
    """A static function that opens a dialog and returns what the test has set."""

    def ask(parent: Any = None, title: str = "", *rest: Any, **keywords: Any) -> Any:
        refuse_keywords(keywords)
        for value in (title, *rest):
            to_qt(value)
        record.messages.append(Message("dialog", title, title))
        return getattr(answers, name)

    return staticmethod(ask)


def _single_shot(milliseconds: int, slot: Any) -> None:
    timer = QtCore.QTimer(QtCore.QCoreApplication.instance())
    timer.setSingleShot(True)
    timer.connect("timeout()", slot)
    timer.connect("timeout()", timer.deleteLater)
    timer.start(int(to_qt(milliseconds)))


class _Number:
    """Gives the preset number, or the value that the dialog would have started with."""

    def __call__(self, parent: Any, title: str, label: str, value: float = 0, *rest: Any) -> float:
        record.messages.append(Message("dialog", label, title))
        return value if answers.number is None else answers.number


def _chosen_color(initial: Any = None, parent: Any = None, title: str = "", **keywords: Any) -> QtGui.QColor:
    """The preset colour; an invalid one, as for a cancelled dialog, where none is set."""
    refuse_keywords(keywords)
    record.messages.append(Message("dialog", title, title))
    return QtGui.QColor(answers.color) if answers.color else QtGui.QColor()


def apply() -> None:
    """Patches the classes that open dialogs."""
    for cls in (QtWidgets.QDialog, QtWidgets.QMenu):
        for name in ("exec", "exec_"):
            setattr(cls, name, run_dialog if cls is QtWidgets.QDialog else lambda menu, *where: None)
    for name, kind in {"question": "confirm", "information": "info", "warning": "warning", "critical": "error"}.items():
        setattr(QtWidgets.QMessageBox, name, _box(kind))
    QtWidgets.QMessageBox.about = _box("message")
    statics = {
        "getOpenFileName": "file",
        "getSaveFileName": "file",
        "getOpenFileNames": "files",
        "getExistingDirectory": "directory",
    }
    for name, answer in statics.items():
        setattr(QtWidgets.QFileDialog, name, _asked(answer))
    for name in ("getText", "getItem", "getMultiLineText"):
        setattr(QtWidgets.QInputDialog, name, _asked("text"))
    for name in ("getInt", "getDouble"):
        setattr(QtWidgets.QInputDialog, name, staticmethod(_Number().__call__))
    QtWidgets.QColorDialog.getColor = staticmethod(_chosen_color)
    QtCore.QTimer.singleShot = staticmethod(_single_shot)
    _patch_settings()


def _patch_settings() -> None:
    """`QSettings.value` gives strings, as it does on Linux and Windows once the file was read again."""
    native = QtCore.QSettings.value

    def value(self: QtCore.QSettings, key: str, default: Any = None) -> Any:
        found = native(self, to_qt(key), default)
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, (int, float)) and native(self, key) is not None:
            return str(found)
        return tuple(found) if isinstance(found, list) else found

    QtCore.QSettings.value = value
