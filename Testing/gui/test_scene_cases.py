"""Labelled scans saved from the scene: exact, without names, and replaced after a correction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
import slicer
from scipy.spatial.transform import Rotation

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import hierarchy, volumes
from SSLSegmentationLib.gui.scene.parameters import ParameterStore
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.gui.scene_cases import FOLDER, IMAGE, LABELS, save_pair, with_segments
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.settings import DATA_FOLDER, Settings
from SSLSegmentationLib.imaging.readers import read_label_map, read_scan
from Testing.harness.watchdog import LONGEST_BLOCK

SHAPE = (12, 14, 16)
NONE = TissueTable(())
FAT, MUSCLE = Tissue(1, "fat", (230, 220, 70), "a~b~c"), Tissue(2, "muscle", (192, 104, 88), "d~e~f")


@pytest.fixture
def session(scene: Any, tmp_path: Path) -> Iterator[Session]:
    settings = Settings(slicer.app.userSettings())
    settings.set(DATA_FOLDER, str(tmp_path / "dåta of mine"))
    made = Session(settings=settings, store=ParameterStore.of_module(settings))
    yield made
    made.close()


def oblique() -> np.ndarray[Any, Any]:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (12, -7, 30), degrees=True).as_matrix() * (0.7, 0.9, 2.5)
    matrix[:3, 3] = (-40, 12, 7)
    return matrix


def transform(*, shift: float) -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "T")
    matrix = np.eye(4)
    matrix[0, 3] = shift
    slicer.util.updateTransformMatrixFromArray(node, matrix)
    return node


def volume_node(array: Optional[np.ndarray[Any, Any]] = None, name: str = "DOE^JANE CT") -> Any:
    voxels = np.random.default_rng(1).integers(-1000, 1000, SHAPE).astype(np.int16) if array is None else array
    return slicer.util.addVolumeFromArray(voxels, oblique(), name)


def label_array() -> np.ndarray[Any, Any]:
    array = np.zeros(SHAPE, np.uint8)
    array[2:6, 3:9, 4:10] = 1
    array[6:9, 3:9, 4:12] = 2
    return array


def segmentation_node(volume: Any, array: np.ndarray[Any, Any], *tissues: Tissue) -> Any:
    steps = create_segmentation(volume, name="DOE^JANE labels", label_map=array, tissues=TissueTable.of(tissues), tags={})
    return Operation(steps).wait()


def save(session: Session, volume: Any, segmentation: Any, tissues: TissueTable = NONE) -> dict[str, Any]:
    return Operation(save_pair(session, volume, segmentation, tissues)).wait()


def put_in(segmentation: Any, volume: Any, name: str, array: np.ndarray[Any, Any]) -> None:
    content = segmentation.GetSegmentation()
    identifier = content.GetSegmentIdBySegmentName(name) or content.AddEmptySegment("", name)
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, segmentation, identifier, volume)


@pytest.mark.parametrize("parents", ["none", "shared", "volume only"])
def test_voxels_and_grid_are_saved_exactly(session: Session, parents: str) -> None:
    volume, labels = volume_node(), label_array()
    if parents == "shared":
        volume.SetAndObserveTransformNodeID(transform(shift=30.0).GetID())
    segmentation = segmentation_node(volume, labels, FAT, MUSCLE)
    if parents == "volume only":
        volume.SetAndObserveTransformNodeID(transform(shift=0.0).GetID())
    entry = save(session, volume, segmentation)
    scan = read_scan(entry["images"][0])
    assert np.array_equal(scan.array, slicer.util.arrayFromVolume(volume))
    assert np.allclose(scan.geometry.affine_ras, oblique(), atol=1e-9)
    label_map = read_label_map(entry["label"], onto=scan.geometry)
    assert np.array_equal(label_map.array, labels)
    assert label_map.tissues == TissueTable.of([FAT, MUSCLE])


def test_segments_get_the_values_that_the_tissue_table_gives_their_names(session: Session) -> None:
    volume, labels = volume_node(), label_array()
    segmentation = segmentation_node(volume, labels, Tissue(1, "Fat", (1, 2, 3)), Tissue(2, "bone", (4, 5, 6)))
    table = TissueTable.of([Tissue(2, "muscle", (9, 9, 9)), Tissue(7, "fat", (8, 8, 8))], given=True)
    wider = with_segments(table, segmentation)
    assert {tissue.name: tissue.value for tissue in wider} == {"muscle": 2, "fat": 7, "bone": 8}
    saved = read_label_map(save(session, volume, segmentation, table)["label"])
    assert np.array_equal(saved.array, np.array([0, 7, 8], np.uint8)[labels])
    assert [tissue.name for tissue in saved.tissues] == ["muscle", "fat", "bone"]


def test_a_correction_replaces_the_label_map_and_leaves_the_image(session: Session) -> None:
    volume, labels = volume_node(), label_array()
    segmentation = segmentation_node(volume, labels, FAT, MUSCLE)
    first = save(session, volume, segmentation)
    image = Path(first["images"][0])
    before = image.stat()
    labels[0, 0, 0] = 1
    put_in(segmentation, volume, "fat", (labels == 1).astype(np.uint8))
    second = save(session, volume, segmentation)
    assert second == first
    assert image.stat().st_ino == before.st_ino
    assert image.stat().st_mtime_ns == before.st_mtime_ns
    assert np.array_equal(read_label_map(second["label"]).array, labels)
    assert sorted(path.name for path in image.parent.iterdir()) == [IMAGE, LABELS]
    assert [path.name for path in image.parent.parent.iterdir()] == [first["id"]]


def test_an_image_that_was_cut_on_disk_is_written_again(session: Session) -> None:
    volume = volume_node()
    segmentation = segmentation_node(volume, label_array(), FAT, MUSCLE)
    image = Path(save(session, volume, segmentation)["images"][0])
    image.write_bytes(image.read_bytes()[:-100])
    save(session, volume, segmentation)
    assert np.array_equal(read_scan(image).array, slicer.util.arrayFromVolume(volume))


def test_no_name_of_the_scene_or_of_a_patient_reaches_the_disk(session: Session) -> None:
    volumes_of_jane = [volume_node(), volume_node(np.ones(SHAPE, np.int16))]
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    patient = tree.CreateFolderItem(tree.GetSceneItemID(), "DOE^JANE")
    tree.SetItemAttribute(patient, "DICOM.PatientID", "JANE-4711")
    other = volume_node(np.zeros(SHAPE, np.int16))
    entries = []
    for volume in [*volumes_of_jane, other]:
        if volume is not other:
            tree.SetItemParent(hierarchy.item_of(volume), patient)
        entries.append(save(session, volume, segmentation_node(volume, label_array(), FAT, MUSCLE)))
    assert entries[0]["subject"] == entries[1]["subject"] != entries[0]["id"]
    assert entries[2]["subject"] == entries[2]["id"]
    assert len({entry["id"] for entry in entries}) == 3
    root = session.settings.data_folder / FOLDER
    for path in root.rglob("*"):
        text = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        assert b"DOE" not in text and b"JANE" not in text and b"4711" not in text, path


@pytest.mark.parametrize("fault", ["overlap", "empty", "no segments", "gone", "bent"])
def test_a_pair_that_cannot_be_learned_from_is_refused_and_leaves_nothing(session: Session, fault: str) -> None:
    volume, labels = volume_node(), label_array()
    segmentation = segmentation_node(volume, np.zeros_like(labels) if fault == "empty" else labels, FAT, MUSCLE)
    if fault == "overlap":
        put_in(segmentation, volume, "other", labels)
    elif fault == "no segments":
        segmentation.GetSegmentation().RemoveAllSegments()
    elif fault == "gone":
        slicer.mrmlScene.RemoveNode(volume)
    elif fault == "bent":
        volume.SetAndObserveTransformNodeID(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "bent").GetID())
    code = {"overlap": "data.not_labels", "gone": "data.missing", "bent": "data.unsupported"}.get(fault, "data.empty")
    with pytest.raises(SSLSegmentationError) as caught:
        save(session, volume, segmentation)
    assert caught.value.code == code, caught.value
    root = session.settings.data_folder / FOLDER
    assert not root.exists() or list(root.iterdir()) == []


def test_cancelling_leaves_nothing(session: Session, tmp_path: Path) -> None:
    volume = volume_node(np.zeros((64, 256, 256), np.int16))
    segmentation = segmentation_node(volume, np.ones((64, 256, 256), np.uint8), FAT)
    total = sum(1 for _progress in save_pair(session, volume, segmentation, TissueTable(()), tmp_path / "elsewhere"))
    assert total > 5
    for number in range(total):
        steps = save_pair(session, volume, segmentation, TissueTable(()))
        for _step in range(number + 1):
            next(steps)
        steps.close()
        root = session.settings.data_folder / FOLDER
        assert not root.exists() or list(root.iterdir()) == []


def test_a_scan_of_a_usual_size_is_saved_in_short_steps(session: Session) -> None:
    shape = (120, 256, 256)
    volume = volume_node(np.zeros(shape, np.int16))
    segmentation = segmentation_node(volume, (np.indices(shape).sum(0) // 60 % 3).astype(np.uint8), FAT, MUSCLE)
    steps = save_pair(session, volume, segmentation, TissueTable(()))
    longest = 0.0
    while True:
        # The processor's time: other programs on the machine do not count.
        began = time.process_time()
        try:
            next(steps)
        except StopIteration:
            break
        longest = max(longest, time.process_time() - began)
    assert longest < LONGEST_BLOCK, f"{1000 * longest:.0f} ms"
    assert volumes.volume_facts(volume).shape == shape
