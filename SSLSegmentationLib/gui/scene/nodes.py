"""Nodes of the scene: their names, and whether they are still there."""

from __future__ import annotations

from typing import Any

import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.texts import _

# Longer names are cut in messages.
LONGEST_SHOWN_NAME = 60


def name_of(node: Any) -> str:
    """The node's name, "" where it has none."""
    return str(node.GetName() or "") if node is not None else ""


def shown_name(node: Any) -> str:
    """The name as messages show it."""
    name = name_of(node) or _("(no name)")
    return name if len(name) <= LONGEST_SHOWN_NAME else name[: LONGEST_SHOWN_NAME - 1] + "…"


def node_by_id(identifier: str) -> Any:
    """The node of the application's scene with that id; None where there is none."""
    return slicer.mrmlScene.GetNodeByID(identifier) if identifier else None


def is_in_scene(node: Any) -> bool:
    """Whether the node is (still) part of a scene."""
    scene = node.GetScene() if node is not None else None
    return scene is not None and bool(scene.IsNodePresent(node))


def require_in_scene(node: Any) -> None:
    """Raises `data.missing` where a node was never chosen, was deleted, or its scene was closed."""
    if node is None:
        raise SSLSegmentationError("data.missing", _("Nothing is chosen."), hint=_("Choose a volume or segmentation."))
    if not is_in_scene(node):
        raise SSLSegmentationError(
            "data.missing",
            _("'{name}' is no longer in the scene.").format(name=shown_name(node)),
            hint=_("Load it again, or choose another one."),
        )


def scene_of(node: Any) -> Any:
    """The scene of a node; the application's own where the node is in none."""
    return node.GetScene() if node is not None and node.GetScene() is not None else slicer.mrmlScene


def unique_name(name: str, scene: Any = None) -> str:
    """`name`, or "name 2", "name 3", … where the scene has it already."""
    place = slicer.mrmlScene if scene is None else scene
    candidate, number = name, 1
    while place.GetFirstNodeByName(candidate) is not None:
        number += 1
        candidate = f"{name} {number}"
    return candidate
