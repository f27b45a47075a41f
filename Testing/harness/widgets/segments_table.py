"""qMRMLSegmentsTableView: the segments of a segmentation with their colours."""

from __future__ import annotations

from typing import Any

import slicer
from PyQt6 import QtCore, QtGui, QtWidgets

from Testing.harness.signals import native

from .declared import keeping
from .observing import Observations

_COLUMNS = ("visibilityColumnVisible", "colorColumnVisible", "opacityColumnVisible", "statusColumnVisible")
_KINDS = {**dict.fromkeys((*_COLUMNS, "readOnly", "headerVisible", "filterBarVisible"), bool), "selectionMode": int}
_NAME = 2


class qMRMLSegmentsTableView(keeping(QtWidgets.QWidget, _KINDS, changed="_refresh")):
    _stands_for_cpp = True
    selectionChanged = QtCore.pyqtSignal(QtCore.QItemSelection, QtCore.QItemSelection)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: dict[str, Any] = dict.fromkeys(_KINDS, True)
        self._settings.update(readOnly=False, filterBarVisible=False, selectionMode=3)
        self._node: Any = None
        self._scene: Any = None
        self._observed = Observations(self)
        self._table = QtWidgets.QTableWidget(0, 3, self)
        self._table.setHorizontalHeaderLabels(["", "", "Name"])
        self._table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.verticalHeader().hide()
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.setColumnWidth(0, 28)
        self._table.setColumnWidth(1, 28)
        native(self._table.selectionModel(), "selectionChanged").connect(native(self, "selectionChanged"))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def mrmlScene(self) -> Any:
        return self._scene

    def segmentationNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        if node is not None and not node.IsA("vtkMRMLSegmentationNode"):
            raise TypeError("setSegmentationNode wants a vtkMRMLSegmentationNode")
        self._node = node
        self._observed.clear()
        if node is not None:
            for event in ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SegmentsOrderModified"):
                self._observed.add(node.GetSegmentation(), getattr(slicer.vtkSegmentation, event), "_refresh")
            self._observed.add(node.GetScene(), slicer.vtkMRMLScene.NodeRemovedEvent, "_forget_removed")
        self._refresh()

    def _forget_removed(self) -> None:
        if self._node is not None and self._node.GetScene() is None:
            self.setSegmentationNode(None)

    def _ids(self) -> list[str]:
        segmentation = None if self._node is None else self._node.GetSegmentation()
        return (
            [] if segmentation is None else [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
        )

    def selectedSegmentIDs(self) -> tuple[str, ...]:
        rows = sorted({index.row() for index in self._table.selectionModel().selectedRows()})
        return tuple(self._table.item(row, _NAME).data(QtCore.Qt.ItemDataRole.UserRole) for row in rows)

    def setSelectedSegmentIDs(self, ids: list[str]) -> None:
        selection = QtCore.QItemSelection()
        for row in [row for row, segment_id in enumerate(self._ids()) if segment_id in ids]:
            selection.select(self._table.model().index(row, 0), self._table.model().index(row, _NAME))
        self._table.selectionModel().select(selection, QtCore.QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _refresh(self) -> None:
        chosen = self.selectedSegmentIDs()
        ids = self._ids()
        self._table.setRowCount(len(ids))
        self._table.horizontalHeader().setVisible(self._settings["headerVisible"])
        self._table.setColumnHidden(0, not self._settings["visibilityColumnVisible"])
        self._table.setColumnHidden(1, not self._settings["colorColumnVisible"])
        for row, segment_id in enumerate(ids):
            segment = self._node.GetSegmentation().GetSegment(segment_id)
            name = QtWidgets.QTableWidgetItem(segment.GetName() or "")
            name.setData(QtCore.Qt.ItemDataRole.UserRole, segment_id)
            colour = QtWidgets.QTableWidgetItem()
            colour.setBackground(QtGui.QBrush(QtGui.QColor.fromRgbF(*segment.GetColor())))
            for column, item in enumerate((QtWidgets.QTableWidgetItem("●"), colour, name)):
                self._table.setItem(row, column, item)
        self.setSelectedSegmentIDs(chosen)
