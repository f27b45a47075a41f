"""The parts of `slicer.util` that need windows or the application's readers: here they note, answer and never block."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Optional

import slicer

from .calls import to_qt
from .record import Message, answers, record


def _shows(kind: str) -> Callable[..., None]:
    def show(text: str, windowTitle: Optional[str] = None, parent: Any = None, standardButtons: Any = None, **more: Any) -> None:
        record.messages.append(Message(kind, str(to_qt(text)), windowTitle or "", str(more.get("detailedText", ""))))

    return show


def _asks(text: str, windowTitle: Optional[str] = None, parent: Any = None, **more: Any) -> bool:
    record.messages.append(Message("confirm", str(to_qt(text)), windowTitle or "", str(more.get("detailedText", ""))))
    return answers.confirm


def message_box(text: str, parent: Any = None, **more: Any) -> Any:
    title, details = str(more.get("windowTitle", "")), str(more.get("detailedText", ""))
    record.messages.append(Message("message", str(to_qt(text)), title, details))
    return answers.confirm if answers.button is None else answers.button


def delay_display(message: str, autoCloseMsec: int = 1000, parent: Any = None, **more: Any) -> None:
    record.messages.append(Message("message", message))


def select_module(module: Any) -> None:
    record.selected_modules.append(module if isinstance(module, str) else module.name)


def main_window() -> None:
    """There is none."""


def startup_environment() -> dict[str, str]:
    environment = slicer.app.startupEnvironment()
    return {key: environment.value(key) for key in environment.keys()}  # noqa: SIM118  # not a dict


def _volume_class(properties: dict[str, Any]) -> str:
    return "vtkMRMLLabelMapVolumeNode" if properties.get("labelmap") else "vtkMRMLScalarVolumeNode"


def _load(filename: str, node: Any, storage: Any) -> Any:
    storage.SetFileName(str(to_qt(filename)))
    if not storage.ReadData(node):
        slicer.mrmlScene.RemoveNode(node)
        raise RuntimeError(f"Failed to load node from file: {filename}")
    slicer.mrmlScene.AddNode(storage)
    node.SetAndObserveStorageNodeID(storage.GetID())
    return node


def load_volume(filename: str, properties: Optional[dict[str, Any]] = None) -> Any:
    """A volume node from a file. Raises `RuntimeError` when it can't be read."""
    properties = properties or {}
    name = properties.get("name") or Path(to_qt(filename)).name.split(".")[0]
    node = slicer.mrmlScene.AddNewNodeByClass(_volume_class(properties), name)
    _load(filename, node, slicer.vtkMRMLVolumeArchetypeStorageNode())
    node.CreateDefaultDisplayNodes()
    return node


def load_label_volume(filename: str, properties: Optional[dict[str, Any]] = None) -> Any:
    return load_volume(filename, {**(properties or {}), "labelmap": True})


def load_segmentation(filename: str, properties: Optional[dict[str, Any]] = None) -> Any:
    """A segmentation node from a `.seg.nrrd`. Raises `RuntimeError` when it can't be read."""
    name = (properties or {}).get("name") or Path(to_qt(filename)).name.split(".")[0]
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    _load(filename, node, slicer.vtkMRMLSegmentationStorageNode())
    node.CreateDefaultDisplayNodes()
    return node


def save_node(node: Any, filename: str, properties: Optional[dict[str, Any]] = None) -> bool:
    """Writes a node with its default storage node; whether it worked."""
    storage = node.GetStorageNode()
    if storage is None:
        node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
    storage.SetFileName(os.fspath(to_qt(filename)))
    storage.SetUseCompression(bool((properties or {}).get("useCompression", True)))
    return bool(storage.WriteData(node))


def install() -> None:
    """Puts these in the place of their counterparts in `slicer.util`."""
    functions = {
        "infoDisplay": _shows("info"),
        "warningDisplay": _shows("warning"),
        "errorDisplay": _shows("error"),
        "confirmYesNoDisplay": _asks,
        "confirmOkCancelDisplay": _asks,
        "confirmRetryCloseDisplay": _asks,
        "messageBox": message_box,
        "delayDisplay": delay_display,
        "selectModule": select_module,
        "mainWindow": main_window,
        "startupEnvironment": startup_environment,
        "showStatusMessage": lambda message, duration=0: record.status_messages.append(message),
        "loadVolume": load_volume,
        "loadLabelVolume": load_label_volume,
        "loadSegmentation": load_segmentation,
        "saveNode": save_node,
        "resetSliceViews": lambda: None,
        "setSliceViewerLayers": lambda *layers, **more: None,
    }
    for name, function in functions.items():
        setattr(slicer.util, name, function)
