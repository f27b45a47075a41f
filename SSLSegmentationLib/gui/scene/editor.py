"""Handing a segmentation over to the Segment Editor."""

from __future__ import annotations

from typing import Any

import slicer

from SSLSegmentationLib.gui.scene.nodes import require_in_scene


def open_in_editor(segmentation: Any, volume: Any, *, segment_id: str = "") -> bool:
    """Shows the Segment Editor with the segmentation over its volume; False where Slicer has no window.

    Raises `data.missing` where one of them is no longer in the scene.
    """
    require_in_scene(segmentation)
    require_in_scene(volume)
    if slicer.util.mainWindow() is None:
        return False
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    # The segmentation before the volume: the other order is refused.
    editor.setSegmentationNode(segmentation)
    editor.setSourceVolumeNode(volume)
    first = segmentation.GetSegmentation().GetNthSegmentID(0) if segmentation.GetSegmentation().GetNumberOfSegments() else ""
    chosen = segment_id or first
    if chosen:
        editor.setCurrentSegmentID(chosen)
    return True
