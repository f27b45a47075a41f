"""Volumes: facts, grids, and files that hold exactly what the node holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import hierarchy, images, volumes
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import read_scan
from SSLSegmentationLib.imaging.scan import Scan

from .making import GRIDS, NUMERIC_TYPES, SHAPE, add_bending_transform, add_transform, add_volume, made, numbers, put_under

MICROMETRE = 1e-6


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("dtype", NUMERIC_TYPES)
def test_a_saved_volume_is_read_as_the_same_voxels_at_the_same_places(scene: Any, tmp_path: Path, grid: str, dtype: str) -> None:
    array = numbers(dtype)
    path = made(volumes.export_volume(add_volume(array, grid), tmp_path / "scan.nrrd"))
    scan = read_scan(path)
    assert np.array_equal(scan.array, array)
    assert scan.array.dtype == array.dtype
    assert np.abs(scan.geometry.affine_ras - GRIDS[grid]).max() < MICROMETRE
    assert scan.warnings == ()


def test_the_extremes_of_64_bit_numbers_are_kept(scene: Any, tmp_path: Path) -> None:
    array = np.array([np.iinfo(np.int64).min, -1, 0, np.iinfo(np.int64).max]).reshape(1, 2, 2)
    path = made(volumes.export_volume(add_volume(array, "plain"), tmp_path / "scan.nrrd"))
    assert np.array_equal(read_scan(path).array, array)


def test_transforms_above_a_volume_stay_out_of_its_file(scene: Any, tmp_path: Path) -> None:
    volume = add_volume()
    put_under(volume, add_transform())
    path = made(volumes.export_volume(volume, tmp_path / "scan.nrrd"))
    assert np.abs(read_scan(path).geometry.affine_ras - GRIDS["oblique"]).max() < MICROMETRE


def test_a_bent_transform_is_refused_before_anything_is_written(scene: Any, tmp_path: Path) -> None:
    volume = add_volume()
    put_under(volume, add_bending_transform())
    with pytest.raises(SSLSegmentationError, match="not linear"):
        made(volumes.export_volume(volume, tmp_path / "scan.nrrd"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("dtype", [*NUMERIC_TYPES, "bool", "float16", ">i2"])
def test_a_scan_becomes_a_volume_and_the_same_scan_again(scene: Any, grid: str, dtype: str) -> None:
    geometry = volumes.geometry_of(add_volume(grid=grid))
    array = numbers(dtype)
    node = made(volumes.volume_from_scan(Scan(array=array, geometry=geometry), "loaded"))
    back = volumes.scan_of(node)
    assert np.array_equal(back.array, array)
    assert back.geometry.same_grid(geometry)
    assert np.abs(back.geometry.affine_ras - GRIDS[grid]).max() < MICROMETRE
    assert node.GetDisplayNode().GetWindow() > 0


@pytest.mark.parametrize(("highest", "expected"), [(2**31 - 1, "int"), (2**40, "double")])
def test_64_bit_numbers_become_a_type_that_slicer_shows(scene: Any, highest: int, expected: str) -> None:
    array = np.array([-5, 0, 1, highest]).reshape(1, 2, 2)
    geometry = volumes.geometry_of(add_volume(array, "plain"))
    node = made(volumes.volume_from_scan(Scan(array=array, geometry=geometry), "loaded"))
    assert volumes.volume_facts(node).numeric_type == expected
    assert np.array_equal(volumes.scan_of(node).array, array)


def test_a_constant_volume_and_one_of_nan_have_a_window(scene: Any) -> None:
    geometry = volumes.geometry_of(add_volume())
    for value in (3.0, np.nan):
        node = made(volumes.volume_from_scan(Scan(array=np.full(SHAPE, value), geometry=geometry), "flat"))
        assert node.GetDisplayNode().GetWindow() == pytest.approx(1.0)


def test_facts_name_what_a_person_has_to_know(scene: Any) -> None:
    facts = volumes.volume_facts(add_volume(grid="anisotropic", name="Übersicht"))
    assert facts.name == "Übersicht"
    assert facts.shape == SHAPE
    assert facts.spacing == pytest.approx((0.7, 0.7, 5.0))
    assert (facts.numeric_type, facts.components, facts.modality) == ("short", 1, "")


def test_facts_of_an_empty_volume_say_that_it_is_empty(scene: Any) -> None:
    facts = volumes.volume_facts(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"))
    assert (facts.shape, facts.numeric_type, facts.components) == ((0, 0, 0), "", 0)


def test_the_modality_comes_from_dicom_or_from_the_unit(scene: Any) -> None:
    by_node, by_series, by_unit = add_volume(), add_volume(), add_volume()
    by_node.SetAttribute("DICOM.Modality", "MR")
    assert volumes.modality_of(by_node) == "mri"
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = tree.CreateStudyItem(tree.GetSceneItemID(), "study")
    tree.SetItemParent(hierarchy.item_of(by_series), study)
    tree.SetItemAttribute(study, "DICOM.Modality", "CT")
    assert volumes.modality_of(by_series) == "ct"
    unit = slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    by_unit.SetVoxelValueUnits(unit)
    assert volumes.modality_of(by_unit) == "ct"
    assert [volumes.unit_of(node) for node in (by_node, by_unit)] == ["", "HU"]


def test_label_maps_colours_and_hidden_volumes_are_no_scans(scene: Any) -> None:
    shown = add_volume(name="shown")
    slicer.util.addVolumeFromArray(np.zeros(SHAPE, np.uint8), name="labels", nodeClassName="vtkMRMLLabelMapVolumeNode")
    slicer.util.addVolumeFromArray(np.zeros((*SHAPE, 3), np.uint8), name="rgb", nodeClassName="vtkMRMLVectorVolumeNode")
    add_volume(name="hidden").SetHideFromEditors(True)
    assert volumes.all_volumes() == (shown,)


def test_what_is_no_volume_of_intensities_is_refused_by_name(scene: Any, tmp_path: Path) -> None:
    colours = slicer.util.addVolumeFromArray(np.zeros((*SHAPE, 3), np.uint8), name="rgb", nodeClassName="vtkMRMLVectorVolumeNode")
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "hollow")
    sheared = GRIDS["plain"].copy()
    sheared[0, 1] = 0.3
    flat = np.diag([1.0, 1.0, 0.0, 1.0])
    cases = {"data.colour": colours, "data.empty": empty, "data.sheared": add_volume(grid=sheared, name="skew")}
    for code, node in cases.items():
        with pytest.raises(SSLSegmentationError, match=node.GetName()) as caught:
            made(volumes.export_volume(node, tmp_path / "scan.nrrd"))
        assert caught.value.code == code
    assert not volumes.at_right_angles(flat)
    assert list(tmp_path.iterdir()) == []


def test_a_volume_of_no_choice_and_a_deleted_one_are_missing(scene: Any, tmp_path: Path) -> None:
    volume = add_volume()
    scene.RemoveNode(volume)
    for node in (None, volume):
        with pytest.raises(SSLSegmentationError) as caught:
            made(volumes.export_volume(node, tmp_path / "scan.nrrd"))
        assert caught.value.code == "data.missing"


@pytest.mark.parametrize("name", ["患者 Ωμέγα 🦴 / \\ : * ?", "n" * 300, "", "line\nbreak"])
def test_no_name_is_too_strange(scene: Any, tmp_path: Path, name: str) -> None:
    volume = add_volume(name=name)
    path = made(volumes.export_volume(volume, tmp_path / "scan.nrrd"))
    assert np.array_equal(read_scan(path).array, numbers())
    assert name == "" or name.encode() not in path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["scan.nrrd"]
    scene.RemoveNode(volume)
    with pytest.raises(SSLSegmentationError) as caught:
        volumes.geometry_of(volume)
    assert len(caught.value.message) < 150


@pytest.mark.parametrize("grid", ["plain", "oblique", "left_handed"])
def test_a_further_channel_is_written_in_the_frame_of_the_first_one(scene: Any, tmp_path: Path, grid: str) -> None:
    parent = add_transform()
    first, moved_away, by_another = (add_volume(grid=grid) for _ in range(3))
    put_under(first, parent)
    to_world = slicer.util.arrayFromTransformMatrix(parent) @ GRIDS[grid]
    by_another.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(to_world))
    path = made(volumes.export_volume(by_another, tmp_path / "map.nrrd", onto=first))
    assert read_scan(path).geometry.same_grid(volumes.geometry_of(first))
    with pytest.raises(SSLSegmentationError, match="do not lie on those of") as caught:
        made(volumes.export_volume(moved_away, tmp_path / "map.nrrd", onto=first))
    assert caught.value.code == "data.grid_mismatch" and "Resample" in caught.value.hint


@pytest.mark.parametrize(("shift", "fits"), [(0.005, True), (0.02, False)])
def test_a_shift_above_a_channel_of_more_than_a_hundredth_voxel_is_refused(scene: Any, shift: float, fits: bool) -> None:
    first, second = add_volume(grid="flipped"), add_volume(grid="flipped")
    node, matrix = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode"), np.eye(4)
    matrix[1, 3] = shift * 0.8
    slicer.util.updateTransformMatrixFromArray(node, matrix)
    put_under(second, node)
    if fits:
        assert volumes.geometry_on(second, first).same_grid(volumes.geometry_of(first))
    else:
        with pytest.raises(SSLSegmentationError, match="'scan'"):
            volumes.geometry_on(second, first)


def test_voxels_that_are_stored_in_another_order_are_the_same_ones(scene: Any) -> None:
    first = add_volume(grid="plain")
    turned = np.diag([-1.0, 1.0, 1.0, 1.0])
    turned[0, 3] = SHAPE[2] - 1
    assert volumes.geometry_on(add_volume(grid=turned), first).shape == SHAPE


def _interrupted(volume: Any, path: Path, change: Any, monkeypatch: pytest.MonkeyPatch) -> SSLSegmentationError:
    monkeypatch.setattr(images, "STEP_VOXELS", 1)
    steps = volumes.export_volume(volume, path)
    monkeypatch.setattr("SSLSegmentationLib.gui.scene.raw_nrrd.slabs", lambda shape: images.slabs(shape, 1))
    for _ in range(4):
        next(steps)
    change()
    with pytest.raises(SSLSegmentationError) as caught:
        made(steps)
    return caught.value


def test_a_scene_closed_while_saving_leaves_no_file(scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = _interrupted(add_volume(name="scan A"), tmp_path / "scan.nrrd", lambda: scene.Clear(0), monkeypatch)
    assert error.code == "data.missing"
    assert "scan A" in error.message
    assert list(tmp_path.iterdir()) == []


def test_a_volume_changed_while_saving_leaves_no_file(scene: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = add_volume()

    def change() -> None:
        slicer.util.updateVolumeFromArray(volume, numbers() + 1)

    error = _interrupted(volume, tmp_path / "scan.nrrd", change, monkeypatch)
    assert error.code == "data.unreadable"
    assert list(tmp_path.iterdir()) == []


def test_cancelled_saving_and_loading_leave_nothing(scene: Any, tmp_path: Path) -> None:
    before = scene.GetNumberOfNodes()
    geometry = volumes.geometry_of(add_volume())
    operations = [
        Operation(volumes.export_volume(slicer.util.getNode("scan"), tmp_path / "scan.nrrd")),
        Operation(volumes.volume_from_scan(Scan(array=numbers(), geometry=geometry), "loaded")),
    ]
    for operation in operations:
        operation.step(0.0)
        assert operation.running
        operation.cancel()
    assert list(tmp_path.iterdir()) == []
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == [slicer.util.getNode("scan")]
    assert scene.GetNumberOfNodes() > before


def test_a_folder_that_cannot_be_written_is_said(scene: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SSLSegmentationError) as caught:
        made(volumes.export_volume(add_volume(), tmp_path / "file" / "scan.nrrd"))
    assert caught.value.code == "usage.arguments"


def test_an_array_of_another_shape_than_its_grid_is_a_defect(tmp_path: Path) -> None:
    geometry = Geometry((2, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    with pytest.raises(SSLSegmentationError, match="shape"):
        made(write_raw_nrrd(tmp_path / "a.nrrd", geometry, lambda: np.zeros((1, 2, 2)), text=""))
    with pytest.raises(SSLSegmentationError, match="complex"):
        made(write_raw_nrrd(tmp_path / "a.nrrd", geometry, lambda: np.zeros((2, 2, 2), complex), text=""))


def test_an_image_without_scalars_has_no_voxels() -> None:
    image = vtk.vtkImageData()
    image.SetDimensions(3, 4, 5)
    assert images.voxels(image).shape == (5, 4, 3)
    assert images.voxels(vtk.vtkImageData()).size == 0
