"""The subject hierarchy: results lie beside what they were made of."""

from __future__ import annotations

from typing import Any

import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene import hierarchy

from .making import add_volume


@pytest.fixture
def tree(scene: Any) -> Any:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def test_a_node_is_put_beside_another_in_its_study(tree: Any) -> None:
    volume, result = add_volume(), add_volume(name="result")
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    tree.SetItemParent(hierarchy.item_of(volume), study)
    hierarchy.place_beside(result, volume)
    assert tree.GetItemParent(hierarchy.item_of(result)) == study


def test_an_item_is_made_where_the_application_made_none(tree: Any, scene: Any) -> None:
    volume, result = add_volume(), add_volume(name="result")
    for node in (volume, result):
        tree.RemoveItem(tree.GetItemByDataNode(node), False)
    hierarchy.place_beside(result, volume)
    assert tree.GetItemParent(tree.GetItemByDataNode(result)) == tree.GetSceneItemID()
    assert scene.IsNodePresent(volume)


def test_attributes_are_found_on_the_item_and_above_it(tree: Any) -> None:
    volume = add_volume()
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    tree.SetItemParent(hierarchy.item_of(volume), study)
    assert hierarchy.attribute(volume, "DICOM.Modality") == ""
    tree.SetItemAttribute(study, "DICOM.Modality", "CT")
    assert hierarchy.attribute(volume, "DICOM.Modality") == "CT"
    tree.SetItemAttribute(hierarchy.item_of(volume), "DICOM.Modality", "MR")
    assert hierarchy.attribute(volume, "DICOM.Modality") == "MR"


def test_a_deleted_node_has_no_place(scene: Any) -> None:
    volume, result = add_volume(), add_volume(name="result")
    scene.RemoveNode(volume)
    with pytest.raises(SSLSegmentationError, match="no longer in the scene"):
        hierarchy.place_beside(result, volume)
