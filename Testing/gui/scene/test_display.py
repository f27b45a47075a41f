"""What the views show, with and without a window."""

from __future__ import annotations

from typing import Any

import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene import display, editor, plots, tables

from .making import add_segmentation, add_volume


def selection(scene: Any) -> Any:
    return slicer.app.applicationLogic().GetSelectionNode()


def test_a_volume_becomes_the_background(scene: Any) -> None:
    volume = add_volume()
    display.show_volume(volume)
    assert selection(scene).GetActiveVolumeID() == volume.GetID()


def test_what_is_shown_over_the_background_stays(scene: Any) -> None:
    background, foreground = add_volume(), add_volume()
    view = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    view.SetForegroundVolumeID(foreground.GetID())
    for volume in (background, background, foreground):
        display.show_volume(volume)
        assert view.GetBackgroundVolumeID() == volume.GetID()
        assert view.GetForegroundVolumeID() == foreground.GetID()


def test_a_segmentation_is_shown_over_its_volume(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    node.SetDisplayVisibility(False)
    display.show_segmentation(node)
    assert node.GetDisplayVisibility()
    assert selection(scene).GetActiveVolumeID() == volume.GetID()
    scene.RemoveNode(volume)
    display.show_segmentation(node)


def test_tables_and_charts_change_the_layout_only_where_it_lacks_their_view(scene: Any) -> None:
    table = tables.fill_numbers(None, {"x": [1.0]}, name="t")
    chart = plots.update_chart(None, table, curves={}, name="c")
    layouts = slicer.app.layoutManager().layouts
    display.show_table(table)
    display.show_table(table)
    assert layouts == [slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView]
    assert selection(scene).GetActiveTableID() == table.GetID()
    change = display.show_chart(chart)
    assert layouts[1:] == [slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView]
    assert selection(scene).GetActivePlotChartID() == chart.GetID()
    assert display.show_chart(chart) is None
    display.undo_layout(change)
    assert layouts[2:] == [slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView]
    display.undo_layout(change)
    assert len(layouts) == 3, "a layout that was chosen since stays"


def test_without_an_application_or_a_window_nothing_is_shown_and_nothing_fails(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables.fill_numbers(None, {"x": [1.0]}, name="t")
    chart = plots.update_chart(None, table, curves={}, name="c")
    monkeypatch.setattr(type(slicer.app), "layoutManager", lambda self: None)
    display.show_table(table)
    assert selection(scene).GetActiveTableID() == table.GetID()
    monkeypatch.delattr(slicer, "app")
    for show, node in ((display.show_volume, add_volume()), (display.show_table, table), (display.show_chart, chart)):
        show(node)


def test_deleted_nodes_are_not_shown(scene: Any) -> None:
    volume = add_volume()
    scene.RemoveNode(volume)
    for show in (display.show_volume, display.show_table, display.show_chart, display.show_segmentation):
        with pytest.raises(SSLSegmentationError, match="no longer in the scene"):
            show(volume)


def test_surfaces_are_shown_where_there_are_any_and_hidden_again(scene: Any) -> None:
    node = add_segmentation(add_volume())
    assert not display.is_shown_in_3d(None) and not display.is_shown_in_3d(node)
    display.show_in_3d(node, shown=True)
    assert not display.is_shown_in_3d(node), "there is none yet"
    node.CreateClosedSurfaceRepresentation()
    assert display.is_shown_in_3d(node)
    assert node.GetDisplayNode().GetPreferredDisplayRepresentationName3D() == "Closed surface"
    display.show_in_3d(node, shown=False)
    assert not node.GetDisplayNode().GetVisibility3D()
    assert not display.is_shown_in_3d(node)
    scene.RemoveNode(node)
    with pytest.raises(SSLSegmentationError, match="no longer in the scene"):
        display.show_in_3d(node, shown=True)


def test_the_editor_gets_segmentation_volume_and_segment(scene: Any, events: Any) -> None:
    volume, other = add_volume(), add_volume(name="other")
    node = add_segmentation(volume)
    assert editor.open_in_editor(node)
    shown = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    assert events.selected_modules == ["SegmentEditor"]
    assert (shown.segmentation, shown.volume, shown.segment_id) == (node, volume, "Segment_1")
    editor.open_in_editor(node, other, segment_id="Segment_7")
    assert (shown.volume, shown.segment_id) == (other, "Segment_7")


def test_a_segmentation_without_segments_is_opened_too(scene: Any) -> None:
    volume = add_volume()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "nothing")
    assert editor.open_in_editor(node, volume)
    with pytest.raises(SSLSegmentationError):
        editor.open_in_editor(node)


def test_without_a_window_there_is_no_editor(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise RuntimeError("Could not find main window")

    monkeypatch.setattr(slicer.util, "selectModule", refuse)
    assert not editor.open_in_editor(add_segmentation(add_volume()))
