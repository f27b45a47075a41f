"""Handing a segmentation over to the Segment Editor."""

from __future__ import annotations

from typing import Any

import slicer

from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.segmentations import volume_of


def open_in_editor(segmentation: Any, volume: Any = None, *, segment_id: str = "") -> bool:
    """Shows the Segment Editor with the segmentation over a volume (that on which it was made where none is given).

    False where Slicer has no window. Raises `data.missing` where one of them is no longer in the scene.
    """
    require_in_scene(segmentation)
    source = volume_of(segmentation) if volume is None else volume
    require_in_scene(source)
    try:
        slicer.util.selectModule("SegmentEditor")
    except RuntimeError:
        return False
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    # The segmentation before the volume: the other order is refused.
    editor.setSegmentationNode(segmentation)
    editor.setSourceVolumeNode(source)
    content = segmentation.GetSegmentation()
    if content.GetNumberOfSegments():
        editor.setCurrentSegmentID(segment_id or content.GetNthSegmentID(0))
    return True
