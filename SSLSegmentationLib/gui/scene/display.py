"""What the views of Slicer show. Without a window nothing is shown, and nothing fails."""

from __future__ import annotations

from typing import Any

import slicer

from SSLSegmentationLib.gui.scene.nodes import require_in_scene


def show_volume(volume: Any, *, fit: bool = True) -> None:
    """Shows a volume as the background of the slice views, `fit` to their size."""
    require_in_scene(volume)
    logic = _application_logic()
    if logic is None:
        return
    logic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
    logic.PropagateVolumeSelection(1 if fit else 0)


def show_table(table: Any) -> None:
    """Shows a table in the table view of the layout; a layout without one is replaced by one that has it."""
    require_in_scene(table)
    logic, layout = _application_logic(), _layout_manager()
    if logic is None:
        return
    if layout is not None and not _has_view("vtkMRMLTableViewNode"):
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
    logic.GetSelectionNode().SetActiveTableID(table.GetID())
    logic.PropagateTableSelection()


def show_chart(chart: Any) -> None:
    """Shows a chart in the plot view of the layout; a layout without one is replaced by one that has it."""
    require_in_scene(chart)
    logic, layout = _application_logic(), _layout_manager()
    if logic is None:
        return
    if layout is not None and not _has_view("vtkMRMLPlotViewNode"):
        layout.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotView)
    logic.GetSelectionNode().SetActivePlotChartID(chart.GetID())
    logic.PropagatePlotChartSelection()


def _has_view(class_name: str) -> bool:
    nodes = slicer.util.getNodesByClass(class_name)
    return any(node.IsMappedInLayout() for node in nodes)


def _application_logic() -> Any:
    application = getattr(slicer, "app", None)
    return application.applicationLogic() if application is not None else None


def _layout_manager() -> Any:
    application = getattr(slicer, "app", None)
    return application.layoutManager() if application is not None else None
