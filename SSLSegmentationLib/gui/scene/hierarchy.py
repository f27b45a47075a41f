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
