"""What the views of Slicer show. Without a window nothing is shown, and nothing fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import slicer

from SSLSegmentationLib.gui.scene.nodes import require_in_scene
from SSLSegmentationLib.gui.scene.segmentations import volume_of
from SSLSegmentationLib.gui.scene.segments import closed_surface


@dataclass(frozen=True)
class LayoutChange:
    """The numbers of the layouts before and after a change."""

    before: int
    after: int


def show_volume(volume: Any) -> None:
    """Shows a volume as the background of the slice views, which keep what they show over it.

    Views that show it already are left as they are: fitting it to them would undo a person's zoom and orientation.
    """
    require_in_scene(volume)
    logic = _application_logic()
    if logic is None:
        return
    logic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    if not views or any(view.GetBackgroundVolumeID() != volume.GetID() for view in views):
        logic.PropagateBackgroundVolumeSelection(1)


def show_segmentation(segmentation: Any) -> None:
    """Shows a segmentation over the volume on which it was made."""
    require_in_scene(segmentation)
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetDisplayVisibility(True)
    volume = volume_of(segmentation)
    if volume is not None:
        show_volume(volume)


def show_in_3d(segmentation: Any, *, shown: bool) -> None:
    """Shows the surfaces that a segmentation has in the 3D views, or hides them."""
    require_in_scene(segmentation)
    segmentation.CreateDefaultDisplayNodes()
    display = segmentation.GetDisplayNode()
    if shown:
        display.SetPreferredDisplayRepresentationName3D(closed_surface())
    display.SetVisibility3D(shown)


def is_shown_in_3d(segmentation: Any) -> bool:
    """Whether the 3D views show the surfaces of a segmentation; None shows nothing."""
    display: Any = segmentation.GetDisplayNode() if segmentation is not None else None
    if display is None or not segmentation.GetSegmentation().ContainsRepresentation(closed_surface()):
        return False
    return bool(display.GetVisibility() and display.GetVisibility3D())


def shown_volume() -> Any:
    """The volume in the background of the slice views, the one of the first view that has any; None without one."""
    for view in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
        volume = slicer.mrmlScene.GetNodeByID(view.GetBackgroundVolumeID() or "")
        if volume is not None:
            return volume
    return None


def edited_segmentation(volume: Any) -> Any:
    """The segmentation that the Segment Editor shows for a volume, else the newest one made on it; None without one."""
    own = [
        node
        for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        if node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume
    ]
    for editor in slicer.util.getNodesByClass("vtkMRMLSegmentEditorNode"):
        edited = editor.GetSegmentationNode()
        if edited is not None and (edited in own or editor.GetSourceVolumeNode() is volume):
            return edited
    return own[-1] if own else None


def show_table(table: Any) -> None:
    """Shows a table in the table view of the layout; a layout without one is replaced by one that has it."""
    require_in_scene(table)
    logic, layout = _application_logic(), _layout_manager()
    if logic is None:
        return
    if layout is not None and not _has_view("vtkMRMLTableViewNode"):
        _change_layout(layout, slicer.modules.tables.logic().GetLayoutWithTable(layout.layout))
    logic.GetSelectionNode().SetActiveTableID(table.GetID())
    logic.PropagateTableSelection()


def show_chart(chart: Any) -> Optional[LayoutChange]:
    """Shows a chart in the plot view of the layout; a layout without one is replaced by one that has it, which is given."""
    require_in_scene(chart)
    logic, layout = _application_logic(), _layout_manager()
    if logic is None:
        return None
    change = None
    if layout is not None and not _has_view("vtkMRMLPlotViewNode"):
        change = _change_layout(layout, slicer.modules.plots.logic().GetLayoutWithPlot(layout.layout))
    logic.GetSelectionNode().SetActivePlotChartID(chart.GetID())
    logic.PropagatePlotChartSelection()
    return change


def undo_layout(change: LayoutChange) -> None:
    """Goes back to the layout before a change, unless a person has chosen another one since."""
    layout = _layout_manager()
    if layout is not None and layout.layout == change.after:
        layout.setLayout(change.before)


def _change_layout(manager: Any, layout: int) -> Optional[LayoutChange]:
    before = int(manager.layout)
    if before == layout:
        return None
    manager.setLayout(layout)
    return LayoutChange(before, layout)


def _has_view(class_name: str) -> bool:
    nodes = slicer.util.getNodesByClass(class_name)
    return any(node.IsMappedInLayout() for node in nodes)


def _application_logic() -> Any:
    application = getattr(slicer, "app", None)
    return application.applicationLogic() if application is not None else None


def _layout_manager() -> Any:
    application = getattr(slicer, "app", None)
    return application.layoutManager() if application is not None else None
