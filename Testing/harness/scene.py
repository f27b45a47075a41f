"""The real scene and logics of slicer-core, set up as the application does."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import slicer
import vtk

LOGICS = {
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Colors": "vtkMRMLColorLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Transforms": "vtkSlicerTransformLogic",
}
# Node classes that the application shows in the subject hierarchy.
IN_HIERARCHY = ("vtkMRMLDisplayableNode", "vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLTextNode", "vtkMRMLTransformNode")


# VTK frees a scene and its logics in an order that crashes, so they stay until the process ends.
_kept: list[Stage] = []


class Stage:
    """One scene with everything that observes it; kept alive as long as it is used."""

    def __init__(self, *, cache_folder: Path) -> None:
        self.scene = slicer.vtkMRMLScene()
        self.application_logic = slicer.vtkSlicerApplicationLogic()
        self.application_logic.SetMRMLScene(self.scene)
        self.logics: dict[str, Any] = {}
        for name, class_name in LOGICS.items():
            logic = getattr(slicer, class_name)()
            if hasattr(logic, "SetMRMLApplicationLogic"):
                logic.SetMRMLApplicationLogic(self.application_logic)
            logic.SetMRMLScene(self.scene)
            self.application_logic.SetModuleLogic(name, logic)
            self.logics[name.lower()] = logic
        self.layout_logic = slicer.vtkMRMLLayoutLogic()
        self.layout_logic.SetMRMLScene(self.scene)
        self._let_bundles_be_read(cache_folder)
        _kept.append(self)
        self._observer = self.scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._node_added)

    def _let_bundles_be_read(self, cache_folder: Path) -> None:
        self.cache_manager = slicer.vtkCacheManager()
        self.cache_manager.SetRemoteCacheDirectory(str(cache_folder))
        self.cache_manager.SetMRMLScene(self.scene)
        self.data_manager = slicer.vtkDataIOManager()
        self.data_manager.SetCacheManager(self.cache_manager)
        self.scene.SetCacheManager(self.cache_manager)
        self.scene.SetDataIOManager(self.data_manager)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_added(self, scene: Any, event: str, node: Any) -> None:
        """Gives a node its place in the subject hierarchy, which is the work of Qt plugins in the application."""
        if scene.IsImporting() or node.GetHideFromEditors() or not any(node.IsA(name) for name in IN_HIERARCHY):
            return
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        if hierarchy is not None and not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    def close(self) -> None:
        """Closes the scene, as the application does. Singletons stay: logics that go on without theirs crash."""
        self.scene.RemoveObserver(self._observer)
        self.scene.Clear(0)


class SegmentEditor:
    """Stands for the editor of the Segment Editor module; notes what it is given."""

    def __init__(self) -> None:
        self.segmentation = self.volume = None
        self.segment_id = self.effect = ""

    def setSegmentationNode(self, node: Any) -> None:
        self.segmentation = node

    def setSourceVolumeNode(self, node: Any) -> None:
        if self.segmentation is None:
            raise RuntimeError("need to set segment editor and segmentation nodes first")
        self.volume = node

    setMasterVolumeNode = setSourceVolumeNode

    def setCurrentSegmentID(self, segment_id: str) -> None:
        self.segment_id = segment_id

    def setActiveEffectByName(self, name: str) -> None:
        self.effect = name


def modules(stage: Stage) -> types.SimpleNamespace:
    """`slicer.modules`: the loadable modules by their lower-case names."""
    found = {name: types.SimpleNamespace(name=name, logic=lambda logic=logic: logic) for name, logic in stage.logics.items()}
    editor = types.SimpleNamespace(editor=SegmentEditor())
    widget = types.SimpleNamespace(self=lambda: editor)
    found["segmenteditor"] = types.SimpleNamespace(name="segmenteditor", widgetRepresentation=lambda: widget)
    return types.SimpleNamespace(**found)
