"""Surfaces from the local worker are those that Slicer makes, in short steps; an edit, a deletion and a cancel on the way."""

from __future__ import annotations

import time
from typing import Any, Callable, Optional

import numpy as np
import pytest
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import display, transforms
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.surfaces import show_in_3d
from Testing.gui.scene.making import GRIDS, add_segmentation, add_transform, add_volume, put_under
from Testing.harness.watchdog import LONGEST_BLOCK

TIMEOUT = 120.0
SHAPE = (20, 22, 24)
SEGMENTS = ("Segment_1", "Segment_2", "Segment_7", "Segment_9")
RULE = slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule
SMOOTHING = RULE.GetSmoothingFactorParameterName()
DECIMATION = RULE.GetDecimationFactorParameterName()
NORMALS = RULE.GetComputeSurfaceNormalsParameterName()
METHOD = RULE.GetConversionMethodParameterName()
JOINT = RULE.GetJointSmoothingParameterName()


def label_map() -> np.ndarray:
    """Tissue 1 fills a corner of the volume, 2 is a ball beside it, 7 two voxels that touch at an edge; 9 is absent."""
    labels = np.zeros(SHAPE, np.uint8)
    slices, rows, columns = np.indices(SHAPE)
    labels[(slices - 11) ** 2 + (rows - 12) ** 2 + (columns - 13) ** 2 < 7.5**2] = 2
    labels[:9, :10, :11] = 1
    labels[18, 3, 3] = labels[18, 4, 4] = 7
    return labels


def segmentation(grid: Any = "oblique", labels: Optional[np.ndarray] = None, *, shared: bool = True, **parameters: str) -> Any:
    drawn = label_map() if labels is None else labels
    node = add_segmentation(add_volume(drawn.astype(np.int16), grid), drawn)
    content = node.GetSegmentation()
    if not shared:
        for one in content.GetSegmentIDs():
            content.SeparateSegmentLabelmap(one)
        assert content.GetNumberOfLayers("Binary labelmap") == content.GetNumberOfSegments()
    for name, value in parameters.items():
        content.SetConversionParameter(name, value)
    return node


def show(session: Session, node: Any) -> None:
    assert Operation(show_in_3d(session, node, shown=True)).wait(TIMEOUT) is node


def surface(node: Any, segment_id: str) -> Any:
    return node.GetSegmentation().GetSegment(segment_id).GetRepresentation("Closed surface")


def arrays(data: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, the points of each polygon, normals."""
    if data.GetNumberOfPoints() == 0:
        return np.zeros((0, 3)), np.zeros(0, int), np.zeros((0, 3))
    polygons = data.GetPolys()
    corners = np.split(vtk_to_numpy(polygons.GetConnectivityArray()), vtk_to_numpy(polygons.GetOffsetsArray())[1:-1])
    normals = data.GetPointData().GetNormals()
    return (
        vtk_to_numpy(data.GetPoints().GetData()),
        np.array(corners),
        np.zeros((0, 3)) if normals is None else vtk_to_numpy(normals),
    )


def require_as_slicer(node: Any, segment_ids: tuple[str, ...] = SEGMENTS) -> int:
    """Compares with Slicer's own conversion of all segments together; gives the number of points."""
    n_points = 0
    content = slicer.vtkSegmentation()
    content.DeepCopy(node.GetSegmentation())
    content.RemoveRepresentation("Closed surface")
    assert content.CreateRepresentation("Closed surface")
    for one in segment_ids:
        made = arrays(surface(node, one))
        wanted = arrays(content.GetSegment(one).GetRepresentation("Closed surface"))
        assert [len(array) for array in made] == [len(array) for array in wanted], one
        np.testing.assert_allclose(made[0], wanted[0], atol=1e-4)
        np.testing.assert_array_equal(made[1], wanted[1])
        np.testing.assert_allclose(made[2], wanted[2], atol=2e-3)
        n_points += len(made[0])
    return n_points


def run_until(operation: Operation[Any], held: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT
    while not held():
        assert operation.step(0.0) and time.monotonic() < until
        time.sleep(0.001)


def asked(session: Session) -> bool:
    """Whether the worker has been asked for surfaces."""
    return session.local.busy


def left(session: Session) -> list[str]:
    return [folder.name for folder in session.scratch.iterdir() if folder.name.startswith("surfaces")]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("grid", ["oblique", "anisotropic", "left_handed"])
def test_surfaces_are_those_that_slicer_makes(session: Session, grid: str, shared: bool) -> None:
    node = segmentation(grid, shared=shared)
    put_under(node, add_transform())
    assert not display.is_shown_in_3d(node)
    show(session, node)
    assert display.is_shown_in_3d(node)
    assert require_as_slicer(node) > 1000
    assert surface(node, "Segment_9").GetNumberOfPoints() == 0
    assert session.worker_logs and left(session) == []


def test_surfaces_are_made_as_the_segmentation_asks_for(session: Session) -> None:
    points = []
    for smoothing, decimation, normals in (
        ("0", "0", "1"), ("0.25", "0", "1"), ("1", "0", "0"), ("-0.5", "0", "1"), ("0.5", "0.5", "1"),
    ):  # fmt: skip
        node = segmentation(**{SMOOTHING: smoothing, DECIMATION: decimation, NORMALS: normals})
        show(session, node)
        points.append(require_as_slicer(node))
        assert (surface(node, "Segment_2").GetPointData().GetNormals() is None) == (normals == "0")
    assert points[4] < 0.8 * points[0] and set(points[:4]) == {points[0]}


@pytest.mark.parametrize("parameters", [{METHOD: "1"}, {JOINT: "1"}, {SMOOTHING: "1.5"}, {SMOOTHING: "much"}], ids=str)
def test_a_conversion_of_another_kind_is_left_to_slicer(session: Session, parameters: dict[str, str]) -> None:
    node = segmentation(**parameters)
    show(session, node)
    assert require_as_slicer(node) > 500
    assert not session.worker_logs, "the worker was not asked"


def test_a_sheared_grid_is_left_to_slicer(session: Session) -> None:
    node = segmentation()
    image = node.GetSegmentation().GetSegment("Segment_1").GetRepresentation("Binary labelmap")
    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    image.SetImageToWorldMatrix(transforms.to_vtk(sheared))
    show(session, node)
    assert require_as_slicer(node) > 1000
    assert not session.worker_logs


def test_surfaces_that_are_there_are_not_made_again_and_segments_without_voxels_have_none(session: Session) -> None:
    node = segmentation()
    show(session, node)
    before = surface(node, "Segment_1")
    node.GetSegmentation().GetSegment("Segment_2").RemoveRepresentation("Closed surface")
    show(session, node)
    assert surface(node, "Segment_1") is before and surface(node, "Segment_2").GetNumberOfPoints() > 0
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "empty")
    empty.GetSegmentation().AddEmptySegment("one")
    show(session, empty)
    assert not display.is_shown_in_3d(empty) or surface(empty, "one").GetNumberOfPoints() == 0


def test_what_is_edited_on_the_way_gets_the_surface_of_what_it_is_now(session: Session) -> None:
    node = segmentation()
    operation = Operation(show_in_3d(session, node, shown=True))
    run_until(operation, lambda: asked(session))
    image = node.GetSegmentation().GetSegment("Segment_2").GetRepresentation("Binary labelmap")
    value = node.GetSegmentation().GetSegment("Segment_2").GetLabelValue()
    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    n_before = np.count_nonzero(voxels == value)
    voxels[: voxels.size // 2] = 0
    image.Modified()
    assert 0 < np.count_nonzero(voxels == value) < n_before
    operation.wait(TIMEOUT)
    assert require_as_slicer(node) > 500


def test_a_segment_that_is_removed_on_the_way_is_left_out(session: Session) -> None:
    node = segmentation()
    operation = Operation(show_in_3d(session, node, shown=True))
    run_until(operation, lambda: asked(session))
    node.GetSegmentation().RemoveSegment("Segment_2")
    operation.wait(TIMEOUT)
    require_as_slicer(node, ("Segment_1", "Segment_7"))


def test_a_segmentation_deleted_while_surfaces_are_made_is_said(session: Session, scene: Any) -> None:
    node = segmentation()
    operation = Operation(show_in_3d(session, node, shown=True))
    run_until(operation, lambda: asked(session))
    scene.RemoveNode(node)
    with pytest.raises(SSLSegmentationError, match="no longer in the scene"):
        operation.wait(TIMEOUT)
    assert left(session) == []


def test_a_cancel_ends_the_request_and_leaves_no_file_and_no_surface(session: Session) -> None:
    axis = (np.arange(128) - 64.0) ** 2
    node = segmentation("plain", ((axis[:, None, None] + axis[:, None] + axis) < 60**2).astype(np.uint8))
    operation = Operation(show_in_3d(session, node, shown=True))
    # The worker says that it makes the first of the surfaces.
    run_until(operation, lambda: asked(session) and operation.progress.share is not None and operation.progress.waits)
    assert left(session) != []
    operation.cancel()
    assert left(session) == []
    until = time.monotonic() + TIMEOUT
    while session.local.busy:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert left(session) == []
    assert not node.GetSegmentation().ContainsRepresentation("Closed surface")


def test_what_the_worker_refuses_is_said(session: Session) -> None:
    labels = label_map().astype(np.int16)
    node = segmentation(labels=labels.astype(np.uint8), shared=False)
    image = node.GetSegmentation().GetSegment("Segment_1").GetRepresentation("Binary labelmap")
    image.AllocateScalars(4, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = -1
    with pytest.raises(SSLSegmentationError, match="negative") as caught:
        show(session, node)
    assert caught.value.code == "data.not_labels"
    assert left(session) == [] and not node.GetSegmentation().ContainsRepresentation("Closed surface")


def test_no_step_takes_a_tenth_of_a_second_for_a_large_segment(session: Session) -> None:
    side = 160
    axis = (np.arange(side) - side / 2) ** 2
    labels = ((axis[:, None, None] + axis[:, None] + axis) < 75**2).astype(np.uint8)
    node = add_segmentation(add_volume(labels.astype(np.int16), GRIDS["oblique"]), labels)
    steps, longest = show_in_3d(session, node, shown=True), 0.0
    while True:
        # The processor's time: other programs on the machine do not count.
        began = time.process_time()
        try:
            progress = next(steps)
        except StopIteration:
            break
        finally:
            longest = max(longest, time.process_time() - began)
        if progress.waits:
            time.sleep(0.01)
    print(f"longest step {1000 * longest:.1f} ms")
    assert surface(node, "Segment_1").GetNumberOfPoints() > 100_000
    assert longest < LONGEST_BLOCK, f"{1000 * longest:.0f} ms"
