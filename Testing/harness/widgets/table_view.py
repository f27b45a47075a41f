"""qMRMLTableView: the table of a table node."""

from __future__ import annotations

from typing import Any

import slicer
import vtk
from PyQt6 import QtGui, QtWidgets

from .declared import keeping
from .observing import Observations


class qMRMLTableView(keeping(QtWidgets.QTableView, dict.fromkeys(("transposed", "firstRowLocked"), bool), changed="_refresh")):
    _stands_for_cpp = True

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = {"transposed": False, "firstRowLocked": False}
        self._scene: Any = None
        self._node: Any = None
        self._observed = Observations(self)
        self._items = QtGui.QStandardItemModel(self)
        self.setModel(self._items)
        self.verticalHeader().hide()

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def mrmlScene(self) -> Any:
        return self._scene

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        self._node = node
        self._observed.clear()
        if node is not None:
            self._observed.add(node, vtk.vtkCommand.ModifiedEvent, "_refresh")
            self._observed.add(node.GetScene(), slicer.vtkMRMLScene.NodeRemovedEvent, "_forget_removed")
        self._refresh()

    def _forget_removed(self) -> None:
        if self._node is not None and self._node.GetScene() is None:
            self.setMRMLTableNode(None)

    def _header(self, column: int) -> str:
        name = self._node.GetColumnName(column)
        return str((self._node.GetUseColumnTitleAsColumnHeader() and self._node.GetColumnTitle(name)) or name)

    def _refresh(self) -> None:
        self._items.clear()
        if self._node is None:
            return
        n_rows, n_columns = self._node.GetNumberOfRows(), self._node.GetNumberOfColumns()
        headers = [self._header(column) for column in range(n_columns)]
        for row in range(n_rows):
            self._items.appendRow([QtGui.QStandardItem(self._node.GetCellText(row, column)) for column in range(n_columns)])
        self._items.setHorizontalHeaderLabels(headers)
        self.resizeColumnsToContents()
