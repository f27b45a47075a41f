"""Segments come back as label maps on a volume's grid, wherever both lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues, write_tissues
from SSLSegmentationLib.gui.scene import images, label_layers, resampling
from SSLSegmentationLib.gui.scene.label_layers import LabelLayer, export_label_map
from SSLSegmentationLib.imaging.readers import read_label_map

from .making import (
    GRIDS,
    SHAPE,
    TISSUES,
    add_bending_transform,
    add_segmentation,
    add_transform,
    add_volume,
    label_map,
    made,
    numbers,
    oblique,
    put_under,
)


def layers_of(node: Any, volume: Any, **choice: Any) -> tuple[LabelLayer, ...]:
    return made(label_layers.label_layers(node, volume, **choice))


def by_slicer(node: Any, volume: Any) -> np.ndarray:
    """The same label map as Slicer's own export makes it, segment by segment."""
    expected = np.zeros(slicer.util.arrayFromVolume(volume).shape, np.uint8)
    for tissue in TISSUES:
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, f"Segment_{tissue.value}", volume)
        expected[mask > 0] = tissue.value
    return expected


def paint(node: Any, volume: Any, mask: np.ndarray, *, name: str, overwrite: bool = False) -> str:
    """A new segment as a person draws it: over the others, or beside them in a layer of its own."""
    one = node.GetSegmentation().AddEmptySegment("", name, [0.2, 0.4, 0.6])
    labels = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    labels.SetIJKToRASMatrix(matrix)
    slicer.util.updateVolumeFromArray(labels, mask.astype(np.uint8))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    image = logic.CreateOrientedImageDataFromVolumeNode(labels)
    image.UnRegister(None)
    others = [other for other in node.GetSegmentation().GetSegmentIDs() if other != one] if overwrite else []
    logic.SetBinaryLabelmapToSegment(image, node, one, logic.MODE_REPLACE, image.GetExtent(), False, others)
    slicer.mrmlScene.RemoveNode(labels)
    return str(one)


@pytest.mark.parametrize("grid", GRIDS)
def test_what_was_made_comes_back(scene: Any, grid: str) -> None:
    volume = add_volume(grid=grid)
    node = add_segmentation(volume)
    (layer,) = layers_of(node, volume)
    assert np.array_equal(layer.array, label_map())
    assert layer.array.dtype == np.uint8
    assert layer.segment_ids == ("Segment_1", "Segment_2", "Segment_7", "Segment_9")
    assert [(one.value, one.name, one.color) for one in layer.tissues] == [(one.value, one.name, one.color) for one in TISSUES]
    assert layer.tissues.tissues[0].terminology == TISSUES.tissues[0].terminology
    assert layer.tissues.given


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("which", ["volume", "segmentation", "both"])
def test_other_parents_give_what_slicer_itself_gives(scene: Any, which: str, seed: int) -> None:
    volume = add_volume(grid="anisotropic")
    node = add_segmentation(volume)
    small = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, :3] = oblique(seed)[:3, :3] / np.linalg.norm(oblique(seed)[:3, :3], axis=0)
    # About the middle of the volume, so that both still overlap.
    middle = (GRIDS["anisotropic"] @ [*(np.array(SHAPE[::-1]) / 2), 1])[:3]
    matrix[:3, 3] = middle - matrix[:3, :3] @ middle + [0.2, 0.3, 0.1]
    slicer.util.updateTransformMatrixFromArray(small, matrix)
    if which in ("volume", "both"):
        put_under(volume, small)
    if which in ("segmentation", "both"):
        put_under(node, small if which == "segmentation" else add_transform(8))
    if which == "both":
        put_under(node.GetParentTransformNode(), small)
        slicer.util.updateTransformMatrixFromArray(node.GetParentTransformNode(), matrix)
    expected = by_slicer(node, volume)
    (layer,) = layers_of(node, volume)
    assert expected.any()
    assert np.array_equal(layer.array, expected)


def test_a_volume_on_a_finer_shifted_grid_gets_what_slicer_gives(scene: Any) -> None:
    node = add_segmentation(add_volume(grid="oblique"))
    matrix = GRIDS["oblique"] @ np.array([[0.5, 0, 0, 0.1], [0, 0.5, 0, -0.2], [0, 0, 0.5, 0.3], [0, 0, 0, 1]])
    finer = add_volume(numbers(shape=(18, 22, 26)), matrix)
    (layer,) = layers_of(node, finer)
    assert np.array_equal(layer.array, by_slicer(node, finer))
    assert layer.array.any()


@pytest.mark.parametrize("shift", [(0, 0, 0), (3, -2, 1), (-4, 5, -3), (40, 0, 0)])
def test_a_volume_shifted_by_whole_voxels_gets_exact_copies(scene: Any, shift: tuple[int, int, int]) -> None:
    node = add_segmentation(add_volume(grid="left_handed"))
    matrix = GRIDS["left_handed"].copy()
    matrix[:3, 3] += matrix[:3, :3] @ shift
    shifted = add_volume(numbers(shape=(8, 9, 10)), matrix)
    (layer,) = layers_of(node, shifted)
    expected = np.zeros((8, 9, 10), np.uint8)
    for index in np.ndindex(expected.shape):
        source = np.array(index) + shift[::-1]
        if (source >= 0).all() and (source < SHAPE).all():
            expected[index] = label_map()[tuple(source)]
    assert np.array_equal(layer.array, expected)


def test_a_volume_stored_the_other_way_round_gets_exact_copies(scene: Any) -> None:
    node = add_segmentation(add_volume(grid="oblique"))
    flip = np.array([[-1.0, 0, 0, SHAPE[2] - 1], [0, 1, 0, 0], [0, 0, -1, SHAPE[0] - 1], [0, 0, 0, 1]])
    flipped = add_volume(numbers(), GRIDS["oblique"] @ flip)
    (layer,) = layers_of(node, flipped)
    assert np.array_equal(layer.array, label_map()[::-1, :, ::-1])


def test_one_parent_over_both_is_exact_even_where_it_is_rotated(scene: Any) -> None:
    volume, parent = add_volume(), add_transform()
    node = add_segmentation(volume)
    put_under(volume, parent)
    put_under(node, parent)
    (layer,) = layers_of(node, volume)
    assert np.array_equal(layer.array, label_map())


def test_a_bent_transform_between_both_is_refused(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    put_under(node, add_bending_transform())
    with pytest.raises(SSLSegmentationError, match="'result' lies under a transform that is not linear"):
        layers_of(node, volume)


def test_overlapping_segments_go_to_different_layers(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    over = np.zeros(SHAPE, bool)
    over[3:7, 4:9, 5:11] = True
    beside = np.zeros(SHAPE, bool)
    beside[8, :3, :3] = True
    first = paint(node, volume, over, name="over")
    second = paint(node, volume, beside, name="beside")
    layers = layers_of(node, volume)
    assert len(layers) == 2
    assert np.array_equal(layers[0].array * np.isin(layers[0].array, (1, 2, 7)), label_map())
    found = {one: layer.array == tissue.value for layer in layers for one, tissue in zip(layer.segment_ids, layer.tissues)}
    assert np.array_equal(found[first], over)
    assert np.array_equal(found[second], beside)
    values = [tissue.value for layer in layers for tissue in layer.tissues]
    assert len(set(values)) == len(values) == 6


def test_a_segment_drawn_over_others_takes_their_voxels(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    over = np.zeros(SHAPE, bool)
    over[3:7, 4:9, 5:11] = True
    own = paint(node, volume, over, name="over", overwrite=True)
    layers = layers_of(node, volume)
    found = {one: layer.array == tissue.value for layer in layers for one, tissue in zip(layer.segment_ids, layer.tissues)}
    assert np.array_equal(found[own], over)
    assert np.array_equal(found["Segment_1"], (label_map() == 1) & ~over)


def test_segments_of_a_person_are_numbered_and_named_apart(scene: Any) -> None:
    volume = add_volume()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "by hand")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    masks = []
    for number in range(3):
        mask = np.zeros(SHAPE, bool)
        mask[number * 2 : number * 2 + 3] = True
        masks.append(mask)
        paint(node, volume, mask, name=("Fat", "Fat", "")[number])
    layers = layers_of(node, volume)
    tissues = [tissue for layer in layers for tissue in layer.tissues]
    assert sorted(tissue.name for tissue in tissues)[:2] == ["Fat", "Fat 2"]
    assert len({tissue.value for tissue in tissues}) == 3
    volumes = sorted(int((layer.array == tissue.value).sum()) for layer in layers for tissue in layer.tissues)
    assert volumes == sorted(int(mask.sum()) for mask in masks)


def test_only_the_chosen_segments_are_read(scene: Any) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    (layer,) = layers_of(node, volume, segment_ids=["Segment_7", "Segment_2"])
    assert np.array_equal(layer.array, label_map() * np.isin(label_map(), (2, 7)))
    assert layer.segment_ids == ("Segment_2", "Segment_7")
    with pytest.raises(SSLSegmentationError, match="no segment 'Segment_3'"):
        layers_of(node, volume, segment_ids=["Segment_3"])


def test_labels_get_other_values_a_slab_at_a_time(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = add_volume()
    (layer,) = layers_of(add_segmentation(volume), volume)
    slabs = images.slabs
    monkeypatch.setattr(images, "slabs", lambda shape: slabs(shape, 1))
    steps = layer.relabelled({7: 300, 1: 2})
    assert len([next(steps) for _ in range(SHAPE[0])]) == SHAPE[0]
    moved = made(layer.relabelled({7: 300, 1: 2}))
    assert np.array_equal(moved, 300 * (label_map() == 7) + 2 * (label_map() == 1))
    assert not made(layer.relabelled({})).any()


def add_balls(volume: Any, *centres: tuple[int, int, int]) -> Any:
    """A segmentation of surfaces only: a ball of radius 3 around each centre (x, y, z)."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "surfaces")
    node.SetSourceRepresentationToClosedSurface()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for number, centre in enumerate(centres):
        ball = vtk.vtkSphereSource()
        ball.SetCenter(*centre)
        ball.SetRadius(3)
        ball.Update()
        node.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), f"ball {number}", [1, 0, 0])
    return node


def test_surfaces_are_turned_into_voxels_one_at_a_time_and_stay_what_they_were(scene: Any) -> None:
    volume = add_volume(grid="plain")
    node = add_balls(volume, (3, 5, 4), (10, 5, 4))
    steps = label_layers.label_layers(node, volume)
    assert [next(steps).text for _ in range(2)] == ["Turning the segments into voxels"] * 2
    (layer,) = layers_of(node, volume)
    assert (layer.array[4, 5, 3], layer.array[4, 5, 10]) == (1, 2)
    for value in (1, 2):
        assert 60 < np.count_nonzero(layer.array == value) < 150
    assert not node.GetSegmentation().ContainsRepresentation("Binary labelmap")


def test_a_segmentation_without_segments_says_so(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "nothing")
    with pytest.raises(SSLSegmentationError, match="'nothing' has no segments") as caught:
        layers_of(node, add_volume())
    assert caught.value.code == "data.empty"


@pytest.mark.parametrize("which", ["volume", "segmentation", "scene"])
def test_nodes_that_go_on_the_way_end_it_with_a_clear_error(scene: Any, which: str) -> None:
    volume = add_volume()
    node = add_segmentation(volume)
    steps = label_layers.label_layers(node, volume)
    next(steps)
    scene.Clear(0) if which == "scene" else scene.RemoveNode(volume if which == "volume" else node)
    with pytest.raises(SSLSegmentationError, match="no longer in the scene"):
        made(steps)


def test_an_edit_on_the_way_ends_it_with_a_clear_error(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "STEP_VOXELS", 1)
    volume = add_volume()
    node = add_segmentation(volume)
    steps = label_layers.label_layers(node, volume)
    next(steps)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.ones(SHAPE, np.uint8), node, "Segment_9", volume)
    with pytest.raises(SSLSegmentationError, match="edited while it was read"):
        made(steps)


def test_an_exported_layer_is_read_with_its_names(scene: Any, tmp_path: Path) -> None:
    volume = add_volume(name="患者 A")
    (layer,) = layers_of(add_segmentation(volume), volume)
    path = made(export_label_map(layer, volume, tmp_path / "labels.nrrd"))
    write_tissues(tmp_path / "tissues.json", layer.tissues)
    read = read_label_map(path, tissues=read_tissues(tmp_path / "tissues.json"))
    assert np.array_equal(read.array, label_map())
    assert read.tissues == layer.tissues
    assert "患者".encode() not in path.read_bytes()


def test_labels_without_a_value_of_their_own_become_background() -> None:
    for dtype in (np.uint8, np.uint16, np.int16, np.uint32):
        labels = np.array([[0, 1, 2, 3]], dtype)
        assert resampling.translated(labels, {1: 4, 3: 1}).tolist() == [[0, 4, 0, 1]]
    assert resampling.translated(np.array([-1, 5], np.int16), {5: 300}).tolist() == [0, 300]
