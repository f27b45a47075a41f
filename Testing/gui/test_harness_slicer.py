"""Point 10: the base classes of a module, loading and saving, the layout and the hand-over to other modules."""

from __future__ import annotations

import numpy as np
import pytest
import qt
import slicer
from slicer.i18n import tr, translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class Example(ScriptedLoadableModule):
    def __init__(self, parent):
        super().__init__(parent)
        parent.title = tr("Example")
        slicer.app.connect("startupCompleted()", lambda: started.append(self.moduleName))


class ExampleWidget(ScriptedLoadableModuleWidget):
    def setup(self):
        self.layout.addWidget(qt.QLabel("Example"))


class ExampleLogic(ScriptedLoadableModuleLogic):
    """Only what the base class gives."""


class ExampleTest(ScriptedLoadableModuleTest):
    def runTest(self):
        self.setUp()
        self.delayDisplay("ran")


class Parent:
    """Takes what a module says about itself."""


started: list[str] = []


def test_a_module_describes_itself_and_waits_for_the_start(application, events) -> None:
    started.clear()
    module = Example(Parent())
    assert module.parent.title == translate("Context", "Example") and module.parent.dependencies == []
    assert module.resourcePath("UI/x.ui").endswith("Testing/gui/Resources/UI/x.ui")
    slicer.app.startupCompleted.emit()
    assert started == ["Example"] and slicer.app.disconnect("startupCompleted()")
    module.runTest(msec=0)
    assert events.texts == ["ran"]


def test_a_module_s_widget_gets_a_parent_with_a_layout(scene, host) -> None:
    widget = ExampleWidget()
    host(widget.parent)
    widget.enter()
    widget.exit()
    widget.cleanup()
    assert widget.parent.mrmlScene() is scene and widget.layout.count() == 1 and widget.moduleName == "Example"


def test_the_parameter_node_is_one_and_survives_the_closing_of_the_scene(scene) -> None:
    logic = ExampleLogic()
    node = logic.getParameterNode()
    assert logic.getParameterNode() is node and node.GetModuleName() == "Example"
    scene.Clear(0)
    assert logic.getParameterNode() is node
    logic.isSingletonParameterNode = False
    assert logic.getParameterNode() is not node


def test_volumes_and_segmentations_are_saved_and_loaded(scene, tmp_path) -> None:
    volume = slicer.util.addVolumeFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4), name="ct")
    path = str(tmp_path / "ct.nrrd")
    assert slicer.util.saveNode(volume, path, properties={})
    again = slicer.util.loadVolume(path)
    assert again.GetName() == "ct" and slicer.util.arrayFromVolume(again).sum() == 276
    assert slicer.util.loadLabelVolume(path).IsA("vtkMRMLLabelMapVolumeNode")
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    node.GetSegmentation().AddEmptySegment("fat", "fat")
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.ones((2, 3, 4), np.uint8), node, "fat", volume)
    assert slicer.util.saveNode(node, str(tmp_path / "a.seg.nrrd"))
    loaded = slicer.util.loadSegmentation(str(tmp_path / "a.seg.nrrd"))
    assert loaded.GetSegmentation().GetNthSegment(0).GetName() == "fat"
    with pytest.raises(RuntimeError):
        slicer.util.loadVolume(str(tmp_path / "missing.nrrd"))
    with pytest.raises(ValueError, match="overload"):
        slicer.util.loadVolume(tmp_path / "ct.nrrd")


def test_the_scene_is_saved_and_read_as_a_bundle(scene, tmp_path) -> None:
    slicer.util.addVolumeFromArray(np.ones((2, 3, 4)), name="ct")
    bundle = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(0)
    assert scene.ReadFromMRB(bundle, False)
    assert slicer.util.getNode("ct").GetImageData().GetDimensions() == (4, 3, 2)


def test_nodes_get_their_place_in_the_subject_hierarchy(scene) -> None:
    volume = slicer.util.addVolumeFromArray(np.ones((2, 3, 4)), name="ct")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item = hierarchy.GetItemByDataNode(volume)
    assert item and hierarchy.GetItemParent(item) == hierarchy.GetSceneItemID()


def test_the_layout_manager_notes_layouts(stage) -> None:
    manager = slicer.app.layoutManager()
    manager.setLayout(34)
    assert manager.layout == 34 and manager.layouts == [34]
    assert manager.layoutLogic().GetLayoutNode().GetViewArrangement() == 34


def test_the_segment_editor_wants_the_segmentation_first(scene) -> None:
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    volume = slicer.util.addVolumeFromArray(np.ones((2, 3, 4)))
    with pytest.raises(RuntimeError, match="need to set"):
        editor.setSourceVolumeNode(volume)
    editor.setSegmentationNode(scene.AddNewNodeByClass("vtkMRMLSegmentationNode"))
    editor.setSourceVolumeNode(volume)
    editor.setCurrentSegmentID("fat")
    editor.setActiveEffectByName("Paint")
    assert (editor.volume, editor.segment_id, editor.effect) == (volume, "fat", "Paint")


def test_the_startup_environment_is_what_it_was(application, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    environment = slicer.util.startupEnvironment()
    assert "PYTHONHOME" not in environment and environment["HOME"]
    assert slicer.app.startupEnvironment().contains("HOME")


def test_folders_of_the_application_exist(application) -> None:
    for path in (slicer.app.slicerHome, slicer.app.temporaryPath, slicer.app.cachePath, slicer.app.extensionsInstallPath):
        assert qt.QDir(path).exists()
    with pytest.raises(AttributeError):
        slicer.app.somethingElse = 1


def test_application_logic_selects_a_table(scene) -> None:
    table = scene.AddNewNodeByClass("vtkMRMLTableNode")
    logic = slicer.app.applicationLogic()
    logic.GetSelectionNode().SetActiveTableID(table.GetID())
    logic.PropagateTableSelection()
    assert slicer.app.mrmlScene() is scene
    assert slicer.modules.volumes.logic().IsA("vtkSlicerVolumesLogic")
