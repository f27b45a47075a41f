"""What a person does in the panel Scans, and a labelled scan of the scene to do it with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer

from SSLSegmentationLib.gui.panels.scans.state import FOLDERS
from Testing.gui.small_scans import SHAPE, labels
from Testing.harness.watchdog import pump


def open_scans(open_module: Any) -> Any:
    """The panel, opened and on screen."""
    module = open_module()
    module._sections["scans"].collapsed = False
    module.window.show()
    return module.panel("scans")


def choose(panel: Any, kind: str) -> None:
    panel.labelled.setCurrentIndex(panel.labelled.findData(kind))


def choose_folders(panel: Any, root: Path) -> None:
    choose(panel, FOLDERS)
    panel.images.setCurrentPath(str(root / "images"))
    panel.labels.setCurrentPath(str(root / "labels"))


def wait(panel: Any) -> None:
    assert pump(lambda: panel.operation is None, timeout=60)


def pair(name: str = "knee", *, seed: int = 0) -> tuple[Any, Any]:
    """A volume of the scene and its segmentation, with one segment."""
    array = np.random.default_rng(seed).integers(0, 99, SHAPE).astype(np.int16)
    volume = slicer.util.addVolumeFromArray(array, np.diag([0.8, 0.9, 2.5, 1.0]), name)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} labels")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.GetSegmentation().AddEmptySegment("s1", "cartilage")
    slicer.util.updateSegmentBinaryLabelmapFromArray(labels(1), node, "s1", volume)
    return volume, node
