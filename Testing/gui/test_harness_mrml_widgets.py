"""The stand-ins for Slicer's widgets follow the real scene."""

from __future__ import annotations

import numpy as np
import pytest
import qt
import slicer
import vtk

from Testing.harness.pictures import save_picture


def volume(name: str):
    return slicer.util.addVolumeFromArray(np.zeros((2, 3, 4), np.int16), name=name)


@pytest.fixture
def combo(scene, host):
    widget = host(slicer.qMRMLNodeComboBox())
    widget.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    widget.setMRMLScene(scene)
    return widget


def test_node_combo_box_follows_the_scene(combo, scene) -> None:
    got = []
    assert combo.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    assert combo.connect("currentNodeIDChanged(QString)", got.append)
    first = volume("first")
    assert combo.currentNode() is first and combo.currentNodeID == first.GetID()
    assert got == [first, first.GetID()]
    second = volume("second")
    assert combo.currentNode() is first and combo.nodeCount() == 2
    combo.setCurrentNode(second)
    assert got[2:] == [second, second.GetID()]
    scene.RemoveNode(second)
    assert combo.currentNode() is first


def test_node_combo_box_says_whether_a_node_is_chosen(combo) -> None:
    got = []
    combo.noneEnabled = True
    assert combo.connect("currentNodeChanged(bool)", got.append)
    node = volume("a")
    assert combo.currentNode() is None
    combo.setCurrentNodeID(node.GetID())
    combo.setCurrentNode(None)
    assert got == [True, False]


def test_node_combo_box_has_no_single_signal_of_the_overloaded_name(combo) -> None:
    with pytest.raises(AttributeError):
        combo.currentNodeChanged  # noqa: B018  # reading it fails


def test_node_combo_box_offers_subclasses_unless_told_not_to(combo, scene) -> None:
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    assert combo.nodeCount() == 1
    combo.showChildNodeTypes = False
    assert combo.nodeCount() == 0 and combo.currentNode() is None


def test_node_combo_box_filters_by_attribute(combo) -> None:
    volume("a").SetAttribute("kind", "ct")
    wanted = volume("b")
    wanted.SetAttribute("kind", "mri")
    combo.addAttribute("vtkMRMLScalarVolumeNode", "kind", "mri")
    assert combo.nodeCount() == 1 and combo.currentNode() is wanted


def test_node_combo_box_shows_new_names(combo) -> None:
    volume("before").SetName("after")
    assert combo.children()[0].itemText(0) == "after" or combo.findChild(qt.QComboBox).itemText(0) == "after"


def test_node_combo_box_survives_the_closing_of_the_scene(combo, scene) -> None:
    volume("a")
    scene.Clear(0)
    assert combo.currentNode() is None


def test_node_combo_box_takes_in_a_loaded_scene_when_it_is_complete(combo, scene, tmp_path) -> None:
    for name in ("a", "b"):
        volume(name)
    path = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(path)
    combo.setCurrentNode(slicer.util.getNode("b"))
    heard, seen = [], []
    assert combo.connect("currentNodeChanged(vtkMRMLNode*)", lambda node: heard.append(node and node.GetName()))
    early = scene.AddObserver(scene.EndImportEvent, lambda *_: seen.append(combo.nodeCount()), 1.0)
    late = scene.AddObserver(scene.EndImportEvent, lambda *_: seen.append(combo.nodeCount()), -1.0)
    assert scene.ReadFromMRB(path, True)
    assert seen == [0, 2]
    assert heard == [None, "a"]
    for tag in (early, late):
        scene.RemoveObserver(tag)


def test_node_combo_box_chooses_none_where_it_does_not_know_the_node(combo, scene) -> None:
    volume("a")
    combo.setCurrentNodeID("vtkMRMLScalarVolumeNode9")
    assert combo.currentNode() is None
    combo.noneEnabled = True
    combo.setCurrentNodeID("vtkMRMLScalarVolumeNode9")
    assert combo.currentNode() is None and combo.currentNodeID == ""
    assert combo.findChild(qt.QComboBox).currentText == "None"


def test_node_combo_box_is_as_wide_as_the_longest_name(combo) -> None:
    volume("a" * 200)
    assert combo.minimumSizeHint.width() > 800


def test_a_deleted_combo_box_no_longer_follows(scene, host) -> None:
    widget = slicer.qMRMLNodeComboBox()
    widget.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    widget.setMRMLScene(scene)
    del widget
    volume("a")


def test_segments_table_lists_segments_and_selects(scene, host) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    view = host(slicer.qMRMLSegmentsTableView())
    view.setMRMLScene(scene)
    view.setSegmentationNode(node)
    got = []
    assert view.connect("selectionChanged(QItemSelection,QItemSelection)", lambda: got.append(view.selectedSegmentIDs()))
    for name in ("fat", "muscle"):
        node.GetSegmentation().AddEmptySegment(name, name, (1.0, 0.5, 0.0))
    view.setSelectedSegmentIDs(["muscle"])
    assert view.selectedSegmentIDs() == ("muscle",) and got == [("muscle",)]
    node.GetSegmentation().RemoveSegment("fat")
    assert view.findChild(qt.QTableWidget).rowCount == 1
    scene.RemoveNode(node)
    assert view.segmentationNode() is None


def table_node(scene, columns: dict[str, list[float]]):
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    for name, values in columns.items():
        array = vtk.vtkDoubleArray()
        array.SetName(name)
        for value in values:
            array.InsertNextValue(value)
        node.AddColumn(array)
    return node


def test_table_view_shows_titles_and_follows_the_node(scene, host) -> None:
    node = table_node(scene, {"volume_ml": [1.5, 2.5]})
    node.SetColumnTitle("volume_ml", "Volume [mL]")
    node.SetUseColumnTitleAsColumnHeader(True)
    view = host(slicer.qMRMLTableView())
    view.setMRMLScene(scene)
    view.setMRMLTableNode(node)
    model = view.model()
    assert model.headerData(0, qt.Qt.Horizontal) == "Volume [mL]"
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["1.5", "2.5"]
    node.AddEmptyRow()
    assert view.model().rowCount() == 3
    scene.RemoveNode(node)
    assert view.mrmlTableNode() is None and view.model().rowCount() == 0


def chart_of(scene, table, *, kind: int):
    series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "loss")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("step")
    series.SetYColumnName("loss")
    series.SetPlotType(kind)
    series.SetColor(1.0, 0.0, 0.0)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle("Loss")
    chart.SetXAxisTitle("steps")
    return chart


def red_columns(path) -> int:
    """How many columns of pixels have red in them."""
    image = qt.QImage(str(path))
    found = 0
    for x in range(image.width()):
        colours = [image.pixelColor(x, y) for y in range(image.height())]
        found += any(colour.red() > 200 and colour.green() < 100 for colour in colours)
    return found


def test_plot_widget_draws_the_curve(scene, host, tmp_path) -> None:
    table = table_node(scene, {"step": [0, 10, 20, 30], "loss": [1.0, 0.5, 0.3, 0.2]})
    view_node = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
    widget = host(slicer.qMRMLPlotWidget())
    widget.setMRMLScene(scene)
    widget.setMRMLPlotViewNode(view_node)
    assert red_columns(save_picture(widget, tmp_path / "empty.png")) == 0
    chart = chart_of(scene, table, kind=slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    view_node.SetPlotChartNodeID(chart.GetID())
    assert red_columns(save_picture(widget, tmp_path / "curve.png")) > 300
    assert widget.plotView().mrmlPlotViewNode() is view_node


def test_a_line_plot_counts_rows_as_the_real_one_does(scene) -> None:
    from Testing.harness.widgets.plots import curves

    table = table_node(scene, {"step": [0, 10, 20], "loss": [3.0, float("nan"), 1.0]})
    line, scatter = (
        curves(chart_of(scene, table, kind=getattr(slicer.vtkMRMLPlotSeriesNode, f"PlotType{kind}")))
        for kind in ("Line", "Scatter")
    )
    assert line[0].points == [(0.0, 3.0), (2.0, 1.0)]
    assert scatter[0].points == [(0.0, 3.0), (20.0, 1.0)]


def test_mrml_widget_tells_of_its_scene(scene, host) -> None:
    widget = host(slicer.qMRMLWidget())
    got = []
    assert widget.connect("mrmlSceneChanged(vtkMRMLScene*)", got.append)
    widget.setMRMLScene(scene)
    assert widget.mrmlScene() is scene and got == [scene]
