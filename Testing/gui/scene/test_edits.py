"""What a person changed in a segmentation is noticed, and what only a file changed is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.scene import edits, transforms

from .making import GRIDS, SHAPE, add_segmentation, add_transform, add_volume, label_map, made, put_under


def edited(node: Any) -> bool:
    return made(edits.edited_since(node))


@pytest.mark.parametrize("grid", GRIDS)
def test_a_fresh_result_is_not_edited(scene: Any, grid: str) -> None:
    assert not edited(add_segmentation(add_volume(grid=grid)))


def _paint_a_voxel(node: Any, volume: Any) -> None:
    mask = label_map() == 7
    mask[0, 0, 0] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, "Segment_7", volume)


def _move_a_voxel(node: Any, volume: Any) -> None:
    mask = label_map() == 7
    mask[2, 3, 4], mask[2, 3, 3] = False, True
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, "Segment_7", volume)


def _rename(node: Any, volume: Any) -> None:
    node.GetSegmentation().GetSegment("Segment_1").SetName("renamed")


def _recolour(node: Any, volume: Any) -> None:
    node.GetSegmentation().GetSegment("Segment_1").SetColor(0, 0, 1)


def _remove(node: Any, volume: Any) -> None:
    node.GetSegmentation().RemoveSegment("Segment_9")


def _add(node: Any, volume: Any) -> None:
    node.GetSegmentation().AddEmptySegment("", "new")


def _harden(node: Any, volume: Any) -> None:
    put_under(node, add_transform())
    transforms.harden(node)


CHANGES: list[Callable[[Any, Any], None]] = [_paint_a_voxel, _move_a_voxel, _rename, _recolour, _remove, _add, _harden]


@pytest.mark.parametrize("change", CHANGES)
def test_every_kind_of_edit_is_noticed(scene: Any, change: Callable[[Any, Any], None]) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    change(node, volume)
    assert edited(node)


@pytest.mark.parametrize("grid", ["anisotropic", "oblique", "left_handed"])
def test_saving_and_loading_the_scene_is_no_edit(scene: Any, tmp_path: Path, grid: str) -> None:
    add_segmentation(add_volume(grid=grid))
    bundle = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(0)
    assert scene.ReadFromMRB(bundle, False)
    node = slicer.util.getNode("result")
    assert not edited(node)
    _rename(node, None)
    assert edited(node)


def test_what_the_module_did_not_make_is_a_persons(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    assert edited(node)
    scene.RemoveNode(node)
    with pytest.raises(SSLSegmentationError):
        edited(node)


def test_labels_above_255_are_told_apart(scene: Any) -> None:
    volume = add_volume()
    labels = np.zeros(SHAPE, np.uint16)
    labels[2:4], labels[5:7] = 300, 301
    first = add_segmentation(volume, labels, tissues=TissueTable.from_values([300, 301, 44]))
    assert not edited(first)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.ones(SHAPE, np.uint8), first, "Segment_44", volume)
    assert edited(first)
