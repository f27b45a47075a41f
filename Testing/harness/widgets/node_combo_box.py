"""qMRMLWidget and qMRMLNodeComboBox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
import vtk
from PyQt6 import QtCore, QtWidgets

from Testing.harness.signals import native

from .declared import keeping
from .observing import Observations


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that knows the scene."""

    _stands_for_cpp = True
    mrmlSceneChanged = QtCore.pyqtSignal(object)
    _signal_aliases = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._observed = Observations(self)

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


_LISTS = {"nodeTypes": "QStringList", "hideChildNodeTypes": "QStringList"}
_SWITCHES = ("noneEnabled", "addEnabled", "removeEnabled", "editEnabled", "renameEnabled", "showHidden", "showChildNodeTypes")
_KINDS = {
    **_LISTS,
    **dict.fromkeys((*_SWITCHES, "selectNodeUponCreation"), bool),
    **dict.fromkeys(("baseName", "noneDisplay"), str),
}


# How the real one's model follows the scene: what is called at which event, and with which priority.
_FOLLOWED = (
    ("NodeAddedEvent", "_node_added", 10.0),
    ("NodeRemovedEvent", "_node_removed", 10.0),
    ("EndCloseEvent", "_take_in_scene", 0.0),
    ("EndImportEvent", "_take_in_scene", 0.0),
)


class qMRMLNodeComboBox(keeping(QtWidgets.QWidget, _KINDS, changed="_refresh")):
    """Chooses one of the scene's nodes; follows the scene."""

    _stands_for_cpp = True
    nodeChanged = QtCore.pyqtSignal(object)
    nodeChosen = QtCore.pyqtSignal(bool)
    currentNodeIDChanged = QtCore.pyqtSignal(str)
    nodeAddedByUser = QtCore.pyqtSignal(object)
    _signal_aliases = {
        "currentNodeChanged(vtkMRMLNode*)": "nodeChanged",
        "currentNodeChanged(bool)": "nodeChosen",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._scene_observed = Observations(self)
        self._nodes_observed = Observations(self)
        self._settings: dict[str, Any] = {
            "nodeTypes": [],
            "noneEnabled": False,
            "addEnabled": True,
            "removeEnabled": True,
            "editEnabled": False,
            "renameEnabled": False,
            "showHidden": False,
            "showChildNodeTypes": True,
            "hideChildNodeTypes": [],
            "selectNodeUponCreation": True,
            "baseName": "",
            "noneDisplay": "None",
        }
        self._attributes: list[tuple[str, str, Any]] = []
        self._last_id = ""
        self._combo = QtWidgets.QComboBox(self)
        native(self._combo, "currentIndexChanged").connect(self._announce)
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._combo)

    currentNodeID = QtCore.pyqtProperty(str, lambda self: self._current_id(), lambda self, value: self.setCurrentNodeID(value))

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        self._scene_observed.clear()
        if scene is not None:
            for event, method, priority in _FOLLOWED:
                self._scene_observed.add(scene, getattr(slicer.vtkMRMLScene, event), method, priority)
        self._refresh()

    def mrmlScene(self) -> Any:
        return self._scene

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:
        """Offers nodes of the type only when they have the attribute."""
        self._attributes.append((node_type, name, value))
        self._refresh()

    def nodeCount(self) -> int:
        return int(self._combo.count) - self._settings["noneEnabled"]

    def nodeFromIndex(self, index: int) -> Any:
        known = self._combo.itemData(index + self._settings["noneEnabled"])
        return self._scene.GetNodeByID(known) if known else None

    def currentNode(self) -> Any:
        return None if self._scene is None or not self._current_id() else self._scene.GetNodeByID(self._current_id())

    def setCurrentNode(self, node: Any) -> None:
        self.setCurrentNodeID("" if node is None else node.GetID())

    def setCurrentNodeID(self, node_id: str) -> None:
        """A node that is not in the list is none: the entry for it, or nothing at all where that is not offered."""
        found = self._combo.findData(node_id or "")
        self._combo.setCurrentIndex(found if found >= 0 or not self._settings["noneEnabled"] else 0)

    def addNode(self, node_type: str = "") -> Any:
        """What the entry "Create new …" does."""
        kind = node_type or self._settings["nodeTypes"][0]
        node = self._scene.AddNewNodeByClass(kind, self._settings["baseName"] or kind.removeprefix("vtkMRML"))
        self.nodeAddedByUser.emit(node)
        if self._settings["selectNodeUponCreation"]:
            self.setCurrentNode(node)
        return node

    def _current_id(self) -> str:
        return str(self._combo.currentData or "")

    def _fits(self, node: Any) -> bool:
        types, hidden = self._settings["nodeTypes"], self._settings["hideChildNodeTypes"]
        exact = node.GetClassName() in types
        if not exact and not (self._settings["showChildNodeTypes"] and any(node.IsA(kind) for kind in types)):
            return False
        if node.GetHideFromEditors() and not self._settings["showHidden"] or any(node.IsA(kind) for kind in hidden):
            return False
        wanted = [(name, value) for kind, name, value in self._attributes if node.IsA(kind)]
        return all(node.GetAttribute(name) is not None and value in (None, node.GetAttribute(name)) for name, value in wanted)

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(number) for number in range(self._scene.GetNumberOfNodes())]
        return [node for node in nodes if self._fits(node)]

    def _node_added(self) -> None:
        # References are not valid before an import has ended: its nodes come all at once then.
        if not self._scene.IsImporting():
            self._refresh()

    def _node_removed(self) -> None:
        if not self._scene.IsClosing():
            self._refresh()

    def _take_in_scene(self) -> None:
        """All rows go, and come anew: nothing is chosen at first, and then what comes first."""
        self._fill(())
        self._fill(self._nodes())

    def _refresh(self) -> None:
        """Fills the list anew; the choice stays when its node is still there."""
        self._fill(self._nodes())

    def _fill(self, nodes: Sequence[Any]) -> None:
        self._nodes_observed.clear()
        for node in nodes:
            self._nodes_observed.add(node, vtk.vtkCommand.ModifiedEvent, "_rename")
        chosen = self._current_id()
        blocked = self._combo.blockSignals(True)
        self._combo.clear()
        if self._settings["noneEnabled"]:
            self._combo.addItem(self._settings["noneDisplay"], "")
        for node in nodes:
            self._combo.addItem(node.GetName() or "", node.GetID())
        found = self._combo.findData(chosen)
        self._combo.setCurrentIndex(found if found >= 0 else (0 if self._combo.count else -1))
        self._combo.blockSignals(blocked)
        self._announce()

    def _rename(self) -> None:
        for number in range(self._combo.count):
            node = self._scene.GetNodeByID(self._combo.itemData(number)) if self._combo.itemData(number) else None
            if node is not None:
                self._combo.setItemText(number, node.GetName() or "")

    def _announce(self, _index: int = 0) -> None:
        if self._current_id() == self._last_id:
            return
        self._last_id = self._current_id()
        node = self.currentNode()
        self.nodeChanged.emit(node)
        self.nodeChosen.emit(node is not None)
        self.currentNodeIDChanged.emit(self._last_id)
