"""ctkPathLineEdit and ctkDirectoryButton."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from PyQt6 import QtCore, QtWidgets

from Testing.harness.record import answers
from Testing.harness.signals import native

# The arrow and the borders of the line.
_FRAME = 30


class ctkPathLineEdit(QtWidgets.QWidget):
    """A path that is typed, or chosen with the browse button."""

    _stands_for_cpp = True
    Dirs, Drives, NoSymLinks, Files, Readable, Writable, Executable = 1, 4, 8, 2, 0x10, 0x20, 0x40
    currentPathChanged = QtCore.pyqtSignal(str)
    validInputChanged = QtCore.pyqtSignal(bool)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters = self.Files
        self._texts = {"settingKey": "", "label": ""}
        self._name_filters: list[str] = []
        self._valid = False
        self._letters = 0
        self._least: QtCore.QSize | None = None
        self._line = QtWidgets.QComboBox(self)
        self._line.setEditable(True)
        self._line.setSizeAdjustPolicy(self._line.AdjustToMinimumContentsLengthWithIcon)
        self._browse = QtWidgets.QToolButton(self)
        self._browse.setText("…")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._line, 1)
        row.addWidget(self._browse)
        native(self._line, "editTextChanged").connect(self._changed)
        native(self._browse, "clicked").connect(self._clicked)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)

    def _changed(self, path: str) -> None:
        """As CTK: what is no input, such as an empty line, changes no path."""
        valid = self._accepts(path)
        if valid:
            self.currentPathChanged.emit(path)
        if valid != self._valid:
            self._valid = valid
            self.validInputChanged.emit(valid)

    def _accepts(self, path: str) -> bool:
        """Whether CTK takes it for input: any text, or one that ends as a name filter, "Title (*.end)", says."""
        ends = [end for words in self._name_filters for end in words.rpartition("(")[2].rstrip(") ").split()]
        return bool(path) and (not ends or any(fnmatch.fnmatchcase(path, end) for end in ends))

    def minimumSizeHint(self) -> QtCore.QSize:
        """As wide as the first path that is shown where no `minimumContentsLength` is set; asked once, as in CTK."""
        if self._least is None:
            text = "X" * self._letters if self._letters else self._line.currentText
            width = self._line.fontMetrics().horizontalAdvance(text) + self._browse.minimumSizeHint.width() + _FRAME
            self._least = QtCore.QSize(width, self._line.minimumSizeHint.height())
        return self._least

    def setMinimumContentsLength(self, letters: int) -> None:
        self._letters = letters

    def _clicked(self, _checked: bool) -> None:
        self.browse()

    def browse(self) -> None:
        chosen = answers.directory if self._filters & self.Dirs else answers.file
        if chosen:
            self.setCurrentPath(chosen)

    def setCurrentPath(self, path: str) -> None:
        self._line.setEditText(path)

    def setFilters(self, filters: int) -> None:
        self._filters = int(filters)

    def setNameFilters(self, filters: list[str]) -> None:
        self._name_filters = list(filters)

    def setShowBrowseButton(self, shown: bool) -> None:
        self._browse.setVisible(shown)

    def setShowHistoryButton(self, shown: bool) -> None:
        """Without the button the path is a plain line."""
        self._line.setStyleSheet("" if shown else "QComboBox::drop-down {width: 0px}")

    def setSettingKey(self, key: str) -> None:
        self._texts["settingKey"] = key

    def setLabel(self, label: str) -> None:
        self._texts["label"] = label

    def addCurrentPathToHistory(self) -> None:
        if self._line.findText(self._line.currentText) < 0:
            self._line.addItem(self._line.currentText)

    currentPath = QtCore.pyqtProperty(str, lambda self: self._line.currentText, setCurrentPath)
    filters = QtCore.pyqtProperty(int, lambda self: self._filters, setFilters)
    nameFilters = QtCore.pyqtProperty("QStringList", lambda self: self._name_filters, setNameFilters)
    minimumContentsLength = QtCore.pyqtProperty(int, lambda self: self._letters, setMinimumContentsLength)
    settingKey = QtCore.pyqtProperty(str, lambda self: self._texts["settingKey"], setSettingKey)
    label = QtCore.pyqtProperty(str, lambda self: self._texts["label"], setLabel)
    showBrowseButton = QtCore.pyqtProperty(bool, lambda self: not self._browse.isHidden(), setShowBrowseButton)


class ctkDirectoryButton(QtWidgets.QWidget):
    """A button that shows a folder and asks for another."""

    _stands_for_cpp = True
    directoryChanged = QtCore.pyqtSignal(str)
    directorySelected = QtCore.pyqtSignal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = ""
        self._button = QtWidgets.QPushButton(str(Path.cwd()), self)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button)
        native(self._button, "clicked").connect(self._clicked)

    def _clicked(self, _checked: bool) -> None:
        self.browse()

    def browse(self) -> None:
        if answers.directory:
            self.setDirectory(answers.directory)
            self.directorySelected.emit(answers.directory)

    def setDirectory(self, directory: str) -> None:
        if directory != self._button.text:
            self._button.setText(directory)
            self.directoryChanged.emit(directory)

    def setCaption(self, caption: str) -> None:
        self._caption = caption

    directory = QtCore.pyqtProperty(str, lambda self: self._button.text, setDirectory)
    caption = QtCore.pyqtProperty(str, lambda self: self._caption, setCaption)
