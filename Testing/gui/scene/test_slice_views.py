"""Which slice of a volume a slice view shows, also for tilted volumes and under transforms."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk

from SSLSegmentationLib.gui.scene import slice_views
from SSLSegmentationLib.gui.scene.volumes import ijk_to_ras
from Testing.gui.scene.making import GRIDS, SHAPE, numbers

AXIAL, SAGITTAL, CORONAL = "Axial", "Sagittal", "Coronal"


@pytest.fixture
def views(scene):
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        scene.RemoveNode(node)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    made = {}
    for name in (AXIAL, SAGITTAL, CORONAL):
        made[name] = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        made[name].SetLayoutName(name)
        assert made[name].SetOrientation(name)
    return made


def add_volume(grid):
    return slicer.util.addVolumeFromArray(numbers(), ijkToRAS=GRIDS[grid])


def centre_on(view, volume, voxel):
    """Moves a view so that its middle lies at a voxel (i, j, k) of the volume."""
    point = ijk_to_ras(volume) @ np.array([*voxel, 1.0])
    parent = volume.GetParentTransformNode()
    if parent is not None:
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        point = np.array(matrix.MultiplyPoint(point))
    view.JumpSlice(*point[:3])
    # JumpSlice keeps the middle of the view within its plane.
    to_ras = view.GetSliceToRAS()
    for row in range(3):
        to_ras.SetElement(row, 3, float(point[row]))
    view.UpdateMatrices()


@pytest.mark.parametrize(
    ("grid", "wanted"),
    [
        ("anisotropic", (AXIAL, CORONAL, SAGITTAL)),
        ("flipped", (AXIAL, CORONAL, SAGITTAL)),
        ("permuted", (SAGITTAL, AXIAL, CORONAL)),
        ("left_handed_plain", (AXIAL, CORONAL, SAGITTAL)),
    ],
)
def test_each_array_axis_has_the_view_that_looks_along_it(views, grid, wanted):
    volume = add_volume(grid)
    for axis, name in enumerate(wanted):
        view = slice_views.view_along(volume, axis)
        assert view is views[name]
        centre_on(view, volume, (5, 4, 3))
        assert slice_views.index_shown(view, volume, axis) == (3, 4, 5)[axis]
        assert slice_views.length(volume, axis) == SHAPE[axis]


def test_a_transform_above_the_volume_counts(views):
    volume = add_volume("plain")
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    # Turned by 90° about the left-right axis, and moved: its slices now lie across front and back.
    matrix = np.array([[1, 0, 0, 20.0], [0, 0, -1, 5], [0, 1, 0, -7], [0, 0, 0, 1]])
    slicer.util.updateTransformMatrixFromArray(transform, matrix)
    volume.SetAndObserveTransformNodeID(transform.GetID())
    view = slice_views.view_along(volume, 0)
    assert view is views[CORONAL]
    centre_on(view, volume, (2, 2, 6))
    assert slice_views.index_shown(view, volume, 0) == 6


def test_a_view_beside_the_volume_shows_no_slice(views):
    volume = add_volume("plain")
    centre_on(views[AXIAL], volume, (2, 2, 50))
    assert slice_views.index_shown(views[AXIAL], volume, 0) is None


def test_without_slice_views_there_is_none(scene):
    for node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        scene.RemoveNode(node)
    assert slice_views.view_along(add_volume("plain"), 0) is None
