"""The subject hierarchy: where the Data module shows a node."""

from __future__ import annotations

from typing import Any

import slicer

from SSLSegmentationLib.gui.scene.nodes import require_in_scene, scene_of


def item_of(node: Any) -> int:
    """The item of a node, made below the scene where it has none. Raises `data.missing`."""
    require_in_scene(node)
    tree = _tree(node)
    return int(tree.GetItemByDataNode(node)) or int(tree.CreateItem(tree.GetSceneItemID(), node))


def place_beside(node: Any, neighbour: Any) -> None:
    """Puts a node below the item that holds `neighbour` (a study, a folder or the scene)."""
    tree = _tree(neighbour)
    tree.SetItemParent(item_of(node), tree.GetItemParent(item_of(neighbour)))


def folder_beside(neighbour: Any, name: str) -> int:
    """The folder `name` beside a node, made where there is none."""
    tree = _tree(neighbour)
    parent = tree.GetItemParent(item_of(neighbour))
    found = int(tree.GetItemChildWithName(parent, name))
    return found or int(tree.CreateFolderItem(parent, name))


def place_in(node: Any, folder: int) -> None:
    """Puts a node below a folder's item."""
    _tree(node).SetItemParent(item_of(node), folder)


def set_attribute(node: Any, key: str, value: str) -> None:
    """Keeps a text with the node's item."""
    _tree(node).SetItemAttribute(item_of(node), key, value)


def attribute(node: Any, key: str) -> str:
    """A text of the node's item or of those above it (a DICOM study, a patient); "" where none has it."""
    tree = _tree(node)
    item = tree.GetItemByDataNode(node) if tree is not None else 0
    while item and item != tree.GetSceneItemID():
        value = tree.GetItemAttribute(item, key)
        if value:
            return str(value)
        item = tree.GetItemParent(item)
    return ""


def _tree(node: Any) -> Any:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene_of(node))
