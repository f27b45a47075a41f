"""Nodes by their names, for those who write scripts."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence

import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene.nodes import name_of, require_in_scene
from SSLSegmentationLib.gui.scene.segmentations import volume_of
from SSLSegmentationLib.gui.texts import _

VOLUME, SEGMENTATION, TABLE = "vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLTableNode"
# Subclasses of a volume that are no scans.
NOT_SCANS = ("vtkMRMLLabelMapVolumeNode", "vtkMRMLVectorVolumeNode")
_NAMES_SHOWN = 10


def ensure_scene() -> None:
    """A scene where this Python has none: in a script that runs outside of the application."""
    if getattr(slicer, "mrmlScene", None) is None:
        slicer.mrmlScene = slicer.vtkMRMLScene()


def find_node(what: Any, class_name: str) -> Any:
    """The node that `what` is, or whose name (else id) it is.

    Raises `data.missing` where there is none, `usage.arguments` where several have the name or it is of another kind.
    """
    if not isinstance(what, str):
        require_in_scene(what)
        if not _fits(what, class_name):
            raise SSLSegmentationError(
                "usage.arguments",
                _("'{name}' is a {given}, but a {wanted} is needed.").format(
                    name=name_of(what), given=_title(what.GetClassName()), wanted=_title(class_name)
                ),
                hint=_("Give a node of that kind, or its name."),
            )
        return what
    known = nodes_of(class_name)
    named = [node for node in known if node.GetName() == what] or [node for node in known if node.GetID() == what]
    if len(named) == 1:
        return named[0]
    if named:
        raise SSLSegmentationError(
            "usage.arguments",
            _("{count} nodes have the name '{name}'.").format(count=len(named), name=what),
            hint=_("Rename one, or give the node itself."),
        )
    names = ", ".join(f"'{name_of(node)}'" for node in known[:_NAMES_SHOWN])
    raise SSLSegmentationError(
        "data.missing",
        _("There is no {kind} '{name}' in the scene.").format(kind=_title(class_name), name=what),
        hint=_("There are: {names}.").format(names=names) if names else _("Load it first."),
    )


def find_nodes(what: Any, class_name: str) -> List[Any]:
    """`find_node` of one or of several."""
    if isinstance(what, Sequence) and not isinstance(what, str):
        return [find_node(one, class_name) for one in what]
    return [find_node(what, class_name)]


def optional_node(what: Any, class_name: str) -> Optional[Any]:
    """`find_node`, or None for None."""
    return None if what is None else find_node(what, class_name)


def scan_behind(segmentation: Any) -> Any:
    """The scan that a segmentation was made on. Raises `usage.arguments` where it does not say so."""
    found = volume_of(segmentation)
    if found is None:
        raise SSLSegmentationError(
            "usage.arguments",
            _("It is not known which scan '{name}' was made on.").format(name=name_of(segmentation)),
            hint=_("Give the volume as well."),
        )
    return found


def nodes_of(class_name: str) -> List[Any]:
    """The nodes of a kind, in the order in which they came into the scene; label maps are no volumes here."""
    scene = slicer.mrmlScene
    found = [scene.GetNthNodeByClass(number, class_name) for number in range(scene.GetNumberOfNodesByClass(class_name))]
    return [node for node in found if _fits(node, class_name)]


def _fits(node: Any, class_name: str) -> bool:
    return bool(node.IsA(class_name)) and not (class_name == VOLUME and any(node.IsA(name) for name in NOT_SCANS))


def _title(class_name: str) -> str:
    titles = {VOLUME: _("volume"), SEGMENTATION: _("segmentation"), TABLE: _("table")}
    return titles.get(class_name, class_name)
