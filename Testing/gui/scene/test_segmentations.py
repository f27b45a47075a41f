"""Label maps become segmentations that lie exactly where their volume lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import segmentations, segments, volumes
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from SSLSegmentationLib.imaging.regrid import onto_same_grid
from SSLSegmentationLib.imaging.scan import LabelMap
from SSLSegmentationLib.imaging.writers import write_label_map

from .making import (
    GRIDS,
    NUMERIC_TYPES,
    SHAPE,
    TISSUES,
    add_bending_transform,
    add_segmentation,
    add_transform,
    add_volume,
    label_map,
    made,
    numbers,
    put_under,
    sorted_rows,
    world_centres,
)


@pytest.mark.parametrize("parent", ["none", "same"])
@pytest.mark.parametrize("grid", GRIDS)
def test_voxels_lie_in_the_world_where_those_of_the_volume_lie(scene: Any, grid: str, parent: str) -> None:
    volume = add_volume(grid=grid)
    transform = add_transform() if parent == "same" else None
    put_under(volume, transform)
    node = add_segmentation(volume)
    above = slicer.util.arrayFromTransformMatrix(transform) if transform else np.eye(4)
    to_world = above @ GRIDS[grid]
    for tissue in TISSUES:
        index = np.argwhere(label_map() == tissue.value)[:, ::-1]
        expected = index @ to_world[:3, :3].T + to_world[:3, 3]
        found = world_centres(node, segments.segment_id(tissue))
        assert found.shape == expected.shape
        assert np.abs(sorted_rows(found) - sorted_rows(expected)).max(initial=0) < 1e-6
        back = slicer.util.arrayFromSegmentBinaryLabelmap(node, segments.segment_id(tissue), volume)
        assert np.array_equal(back > 0, label_map() == tissue.value)
    assert node.GetParentTransformNode() is transform


def test_a_shifted_parent_shifts_the_segments_once(scene: Any) -> None:
    volume, shift = add_volume(grid="plain"), scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[0, 3] = 100
    slicer.util.updateTransformMatrixFromArray(shift, matrix)
    put_under(volume, shift)
    node = add_segmentation(volume)
    centre = world_centres(node, "Segment_1").mean(axis=0)
    expected = np.argwhere(label_map() == 1).mean(axis=0)[::-1] + [100, 0, 0]
    assert np.abs(centre - expected).max() < 1e-6


@pytest.mark.parametrize("parent", ["none", "same", "another"])
@pytest.mark.parametrize("suffix", [".nii.gz", ".seg.nrrd"])
@pytest.mark.parametrize("grid", GRIDS)
def test_the_whole_way_through_files_and_the_scene_changes_no_voxel(
    scene: Any, tmp_path: Path, grid: str, suffix: str, parent: str
) -> None:
    volume = add_volume(grid=grid)
    put_under(volume, None if parent == "none" else add_transform(1))
    labels = label_map()
    scan = read_scan(made(volumes.export_volume(volume, tmp_path / "scan.nrrd")))
    predicted = tmp_path / f"result{suffix}"
    write_label_map(predicted, LabelMap(array=labels, geometry=scan.geometry, tissues=TISSUES))
    found = read_label_map(predicted)
    array = onto_same_grid(found.array, found.geometry, volumes.geometry_of(volume))
    assert array is not None
    node = add_segmentation(volume, array)
    if parent == "another":
        # Two transforms of the same movement: nothing moves relative to the other.
        put_under(volume, add_transform(2))
        put_under(node, add_transform(2))
    (layer,) = made(segmentations.label_layers(node, volume))
    assert np.array_equal(layer.array, labels)
    again = made(segmentations.export_label_map(layer, volume, tmp_path / "again.nrrd"))
    final = read_label_map(again, onto=scan.geometry, tissues=layer.tissues)
    assert np.array_equal(final.array, labels)
    assert np.abs(read_label_map(again).geometry.affine_ras - GRIDS[grid]).max() < 1e-6


@pytest.mark.parametrize("dtype", [*NUMERIC_TYPES[:8], "bool"])
def test_label_maps_of_every_whole_number_type_are_taken(scene: Any, dtype: str) -> None:
    labels = (label_map() > 0).astype(dtype)
    node = add_segmentation(add_volume(), labels, tissues=TissueTable.from_values([1]))
    assert np.array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(node, "Segment_1", segmentations.volume_of(node)), labels)


@pytest.mark.parametrize("values", [(1, 255), (3, 256, 65_535), (5, 70_000, 2**31 + 7)])
def test_large_label_values_come_back(scene: Any, values: tuple[int, ...]) -> None:
    labels = np.zeros(SHAPE, np.uint32)
    for number, value in enumerate(values):
        labels[number, 3:6, 2:9] = value
    volume = add_volume()
    node = add_segmentation(volume, labels, tissues=TissueTable.from_values(values))
    (layer,) = made(segmentations.label_layers(node, volume))
    assert np.array_equal(layer.array, labels)
    assert layer.tissues.values == values


def test_segments_carry_identity_name_colour_terminology_and_tags(scene: Any) -> None:
    node = add_segmentation(add_volume(), tags={"Run": "r|1", "ModelId": "knie"})
    content = node.GetSegmentation()
    assert list(content.GetSegmentIDs()) == ["Segment_1", "Segment_2", "Segment_7", "Segment_9"]
    for number, tissue in enumerate(TISSUES):
        segment = content.GetNthSegment(number)
        assert segment.GetName() == tissue.name
        assert [round(255 * channel) for channel in segment.GetColor()] == list(tissue.color)
        assert segments.tag_of(segment, "SSLSegmentation.ModelId") == "knie"
        assert segments.tag_of(segment, "SSLSegmentation.Run") == "r/1"
        assert segments.tag_of(segment, "SSLSegmentation.LabelValue") == str(tissue.value)
    assert (
        segments.tag_of(content.GetNthSegment(0), slicer.vtkSegment.GetTerminologyEntryTagName())
        == TISSUES.tissues[0].terminology
    )
    assert segments.tag_of(content.GetNthSegment(0), "SSLSegmentation.Other") == ""
    assert node.GetDisplayNode() is not None
    assert content.GetNumberOfLayers() == 1


def test_the_volume_gives_reference_geometry_place_and_is_found_again(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    assert segmentations.volume_of(node) is volume
    assert node.GetSegmentation().GetConversionParameter("Reference image geometry")
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert tree.GetItemParent(tree.GetItemByDataNode(node)) == tree.GetItemParent(tree.GetItemByDataNode(volume))
    scene.RemoveNode(volume)
    assert segmentations.volume_of(node) is None


def test_whoever_hears_of_a_new_segmentation_can_ask_for_its_volume(scene: Any) -> None:
    volume, heard = add_volume(), []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def added(_scene: Any, _event: str, node: Any) -> None:
        if node.IsA("vtkMRMLSegmentationNode"):
            heard.append(segmentations.volume_of(node))

    scene.AddObserver(scene.NodeAddedEvent, added)
    add_segmentation(volume)
    assert heard == [volume]


def test_an_absent_tissue_is_an_empty_segment_that_can_be_painted(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    assert not slicer.util.arrayFromSegmentBinaryLabelmap(node, "Segment_9", volume).any()
    painted = np.zeros(SHAPE, np.uint8)
    painted[0:2, 0:3, 0:4] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(painted, node, "Segment_9", volume)
    assert np.array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(node, "Segment_9", volume), painted)
    for tissue in (1, 2, 7):
        back = slicer.util.arrayFromSegmentBinaryLabelmap(node, f"Segment_{tissue}", volume)
        assert np.array_equal(back > 0, label_map() == tissue)


def test_a_result_without_any_tissue_is_all_empty_segments(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume, np.zeros(SHAPE, np.uint8))
    (layer,) = made(segmentations.label_layers(node, volume))
    assert not layer.array.any()
    assert layer.tissues.values == (1, 2, 7, 9)
    painted = np.ones(SHAPE, np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(painted, node, "Segment_2", volume)
    (layer,) = made(segmentations.label_layers(node, volume))
    assert np.array_equal(layer.array, painted * 2)


def test_segments_survive_a_seg_nrrd_of_slicer(scene: Any, tmp_path: Path) -> None:
    node = add_segmentation(add_volume())
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "result.seg.nrrd"))
    assert storage.WriteData(node)
    read = read_label_map(tmp_path / "result.seg.nrrd", onto=volumes.geometry_of(segmentations.volume_of(node)))
    assert np.array_equal(read.array, label_map())
    assert [tissue.name for tissue in read.tissues] == [tissue.name for tissue in TISSUES]
    assert [tissue.color for tissue in read.tissues] == [tissue.color for tissue in TISSUES]


def test_a_second_result_gets_a_name_of_its_own(scene: Any) -> None:
    volume = add_volume()
    names = [add_segmentation(volume).GetName() for _ in range(3)]
    assert names == ["result", "result 2", "result 3"]


@pytest.mark.parametrize("name", ["患者 Ωμέγα 🦴", "n" * 300])
def test_strange_names_are_kept(scene: Any, name: str) -> None:
    assert add_segmentation(add_volume(name=name), name=name + " x").GetName() == name + " x"


def test_what_cannot_be_a_result_is_refused_and_leaves_the_scene_alone(scene: Any) -> None:
    volume, bent = add_volume(), add_volume(name="bent")
    put_under(bent, add_bending_transform())
    before = scene.GetNumberOfNodes()
    negative, unknown = label_map().astype(np.int16), label_map()
    negative[0, 0, 0] = -1
    unknown[8, 8, 8] = 5
    cases = [
        ("data.unknown_label", volume, unknown),
        ("data.unknown_label", volume, unknown.astype(np.uint32) * 1000),
        ("data.not_labels", volume, negative),
        ("data.not_labels", volume, label_map().astype(np.float32)),
        ("data.grid_mismatch", volume, label_map()[1:]),
        ("data.unsupported", bent, label_map()),
        ("data.missing", None, label_map()),
    ]
    for code, node, labels in cases:
        with pytest.raises(SSLSegmentationError) as caught:
            add_segmentation(node, labels)
        assert caught.value.code == code
    assert scene.GetNumberOfNodes() == before


def test_the_scene_cleared_or_the_volume_deleted_on_the_way_leaves_nothing(scene: Any) -> None:
    def steps_of(volume: Any) -> Any:
        return segmentations.create_segmentation(volume, name="r", label_map=label_map(), tissues=TISSUES, tags={})

    for take_away in (scene.RemoveNode, lambda _: scene.Clear(0)):
        volume = add_volume(numbers(), name="gone")
        steps = steps_of(volume)
        next(steps)
        take_away(volume)
        with pytest.raises(SSLSegmentationError, match="'gone' is no longer in the scene") as caught:
            made(steps)
        assert caught.value.code == "data.missing"
        assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == []


def test_cancelling_leaves_nothing(scene: Any) -> None:
    volume = add_volume()
    before = scene.GetNumberOfNodes()
    steps = segmentations.create_segmentation(volume, name="r", label_map=label_map(), tissues=TISSUES, tags={})
    operation = Operation(steps)
    operation.step(0.0)
    assert operation.running
    operation.cancel()
    assert scene.GetNumberOfNodes() == before
