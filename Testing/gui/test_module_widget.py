"""The module's widget: panels one under the other, tooltips everywhere, the scene closed, saved and loaded, quit."""

from __future__ import annotations

import pytest
import slicer
from PyQt6 import QtWidgets

from SSLSegmentationLib.gui.panels import PANELS
from SSLSegmentationLib.gui.panels.biomarkers.state import BiomarkersState
from SSLSegmentationLib.gui.panels.scans.state import CT
from Testing.gui.scene.making import add_volume
from Testing.harness.watchdog import pump

CONTROLS = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QSlider, QtWidgets.QLineEdit)
# Pixels; Slicer's module panel is about as wide at first.
NARROW_PANEL = 400
# Parts of a control that has a tooltip itself.
COMPOUND = (QtWidgets.QAbstractSpinBox, QtWidgets.QComboBox, QtWidgets.QAbstractItemView)


def needs_tooltip(widget):
    parent = widget.parentWidget()
    inside = parent is not None and (isinstance(parent, COMPOUND) or type(parent).__name__.startswith(("ctk", "qMRML")))
    return isinstance(widget, CONTROLS) and not inside


@pytest.mark.parametrize("name", PANELS)
def test_every_control_has_a_tooltip(open_module, name):
    panel = open_module().panel(name)
    bare = [
        f"{type(widget).__name__} '{widget.property('text') or widget.objectName}'"
        for widget in panel.widget.findChildren(QtWidgets.QWidget)
        if needs_tooltip(widget) and widget.isVisibleTo(panel.widget) and not widget.toolTip
    ]
    assert not bare


def test_a_long_node_name_makes_no_panel_wider(open_module):
    name = "1.2.840.113619.2.55.3.604688119 " * 8
    add_volume(name=name)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    module = open_module()
    wide = {panel: module.panel(panel).widget.minimumSizeHint.width() for panel in PANELS}
    assert max(wide.values()) <= NARROW_PANEL, wide


def test_panels_that_were_open_are_open_again(open_module):
    first = open_module()
    for name, section in first._sections.items():
        section.collapsed = name not in ("scans", "biomarkers")
    first.cleanup()
    again = open_module()
    assert sorted(again.panels) == ["biomarkers", "scans"]


def test_choices_are_saved_and_loaded_with_the_scene(open_module, tmp_path):
    module = open_module()
    panel = module.panel("pretrain")
    panel.state.minutes = 12.5
    panel.save()
    path = str(tmp_path / "scène.mrml")
    assert slicer.mrmlScene.Commit(path)
    slicer.mrmlScene.Clear(0)
    pump(timeout=0.1)
    assert panel.state.minutes != 12.5
    slicer.mrmlScene.SetURL(path)
    slicer.mrmlScene.Import()
    pump(timeout=0.1)
    assert module.panel("pretrain").state.minutes == 12.5


def two_scans():
    """Two volumes and two segmentations."""
    for name in ("first", "second"):
        add_volume(name=f"{name} scan")
        slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} labels")


def name_of(identifier):
    node = slicer.mrmlScene.GetNodeByID(identifier)
    return "" if node is None else node.GetName()


@pytest.mark.parametrize("close_first", [True, False], ids=["opened", "added to what is there"])
def test_chosen_nodes_are_those_that_were_saved_with_the_scene(open_module, tmp_path, close_first):
    module = open_module()
    two_scans()
    biomarkers, apply = module.panel("biomarkers"), module.panel("apply")
    biomarkers.segmentation.setCurrentNode(slicer.util.getNode("second labels"))
    biomarkers.volume.setCurrentNode(slicer.util.getNode("second scan"))
    apply.volume.setCurrentNode(slicer.util.getNode("second scan"))
    path = str(tmp_path / "scene.mrb")
    assert slicer.mrmlScene.WriteToMRB(path)
    slicer.mrmlScene.Clear(0)
    if not close_first:
        add_volume(name="another scan")
    assert slicer.mrmlScene.ReadFromMRB(path, close_first)
    pump(timeout=0.1)
    kept = module.session.store.load(BiomarkersState, prefix="biomarkers")
    for state in (kept, biomarkers.state):
        assert (name_of(state.segmentation), name_of(state.volume)) == ("second labels", "second scan")
        assert (state.parameter_map, state.reference) == ("", "")
    assert biomarkers.volume.currentNode().GetName() == apply.volume.currentNode().GetName() == "second scan"
    assert name_of(apply.state.volume) == "second scan"
    biomarkers.volume.setCurrentNode(slicer.util.getNode("first scan"))
    assert name_of(biomarkers.state.volume) == "first scan"


def test_closing_the_scene_leaves_every_panel_usable(open_module, events):
    module = open_module()
    for name in PANELS:
        module.panel(name)
    slicer.mrmlScene.Clear(0)
    pump(timeout=0.3)
    module.exit()
    module.enter()
    module.panel("scans").modality.setCurrentIndex(module.panel("scans").modality.findData(CT))
    assert not events.messages
    assert not events.slot_errors


def test_cleanup_leaves_no_file_and_can_be_called_twice(open_module):
    module = open_module()
    scratch = module.session.scratch
    assert scratch.is_dir()
    module.cleanup()
    module.cleanup()
    assert not scratch.exists()
