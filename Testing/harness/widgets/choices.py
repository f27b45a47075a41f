"""ctkComboBox, ctkCheckableComboBox, ctkCheckBox, ctkMessageBox."""

from __future__ import annotations

from PyQt6 import QtCore, QtGui, QtWidgets

from Testing.harness.signals import native

_CHECK = QtCore.Qt.ItemDataRole.CheckStateRole


class ctkComboBox(QtWidgets.QComboBox):
    """A combo box with a text for when nothing is chosen."""

    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._force_default = False

    def setDefaultText(self, text: str) -> None:
        self.setPlaceholderText(text)

    def setForceDefault(self, force: bool) -> None:
        self._force_default = force
        if force:
            self.setCurrentIndex(-1)

    defaultText = QtCore.pyqtProperty(str, lambda self: self.placeholderText, setDefaultText)
    forceDefault = QtCore.pyqtProperty(bool, lambda self: self._force_default, setForceDefault)
    currentUserDataAsString = QtCore.pyqtProperty(str, lambda self: str(self.currentData or ""))


class ctkCheckableComboBox(QtWidgets.QComboBox):
    """A combo box whose items have check marks; it shows the checked ones."""

    _stands_for_cpp = True
    checkedIndexesChanged = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        native(self.model(), "rowsInserted").connect(self._make_checkable)
        native(self.model(), "dataChanged").connect(self._changed)

    def _make_checkable(self, _parent: QtCore.QModelIndex, first: int, last: int) -> None:
        for row in range(first, last + 1):
            item = self.model().item(row)
            item.setFlags(QtCore.Qt.ItemFlag.ItemIsUserCheckable | QtCore.Qt.ItemFlag.ItemIsEnabled)
            item.setData(QtCore.Qt.CheckState.Unchecked, _CHECK)

    def _changed(self, _first: QtCore.QModelIndex, _last: QtCore.QModelIndex, roles: list[int]) -> None:
        if not roles or _CHECK.value in [int(role) for role in roles]:
            self.checkedIndexesChanged.emit()
            self.update()

    def _rows(self) -> list[int]:
        return [row for row in range(self.count) if self.model().item(row).checkState() == QtCore.Qt.CheckState.Checked.value]

    def checkedIndexes(self) -> tuple[QtCore.QModelIndex, ...]:
        return tuple(self.model().index(row, 0) for row in self._rows())

    def checkState(self, index: QtCore.QModelIndex) -> int:
        return int(self.model().item(index.row()).checkState())

    def setCheckState(self, index: QtCore.QModelIndex, state: int) -> None:
        self.model().item(index.row()).setCheckState(state)

    def allChecked(self) -> bool:
        return len(self._rows()) == self.count

    def noneChecked(self) -> bool:
        return not self._rows()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = ", ".join(self.itemText(row) for row in self._rows())
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_ComboBoxLabel, option)


class ctkCheckBox(QtWidgets.QCheckBox):
    _stands_for_cpp = True


class ctkMessageBox(QtWidgets.QMessageBox):
    """A message box that can be told not to come again."""

    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._silent = False

    def setDontShowAgainSettingsKey(self, key: str) -> None:
        self._key = key

    def setDontShowAgain(self, silent: bool) -> None:
        self._silent = silent

    dontShowAgainSettingsKey = QtCore.pyqtProperty(str, lambda self: self._key, setDontShowAgainSettingsKey)
    dontShowAgain = QtCore.pyqtProperty(bool, lambda self: self._silent, setDontShowAgain)
