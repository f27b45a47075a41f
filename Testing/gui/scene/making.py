"""Volumes, grids and transforms for tests of the scene."""

from __future__ import annotations

from typing import Any, Generator, Optional

import numpy as np
import slicer
import vtk
from scipy.spatial.transform import Rotation
from vtk.util.numpy_support import vtk_to_numpy

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation

SHAPE = (9, 11, 13)
TISSUES = TissueTable.of(
    (
        Tissue(1, "Muskel", (192, 104, 88), "list~SCT^85756007^Tissue~SCT^71616004^Muscle~^^~codes~^^~^^"),
        Tissue(2, "Knochen", (241, 214, 145)),
        Tissue(7, "Körperfett ✓", (230, 220, 70)),
        Tissue(9, "absent", (10, 20, 30)),
    ),
    given=True,
)


def _matrix(columns: np.ndarray, origin: Any) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = columns
    matrix[:3, 3] = origin
    return matrix


def oblique(seed: int = 0, *, left_handed: bool = False) -> np.ndarray:
    """IJK to RAS: rotated anywhere, anisotropic, far from the origin."""
    rng = np.random.default_rng(seed)
    direction = Rotation.random(random_state=seed).as_matrix()
    if left_handed:
        direction[:, 1] *= -1
    return _matrix(direction * rng.uniform(0.3, 4.0, size=3), rng.normal(size=3) * 90)


GRIDS = {
    "plain": np.diag([1.0, 1.0, 1.0, 1.0]),
    "anisotropic": np.diag([0.7, 0.7, 5.0, 1.0]) + np.pad([[-30.0], [12.5], [100.0]], ((0, 1), (3, 0))),
    "flipped": np.diag([-0.9, -0.8, 2.5, 1.0]),
    "permuted": np.array([[0, 0, 2.0, 3], [-0.8, 0, 0, 4], [0, 0.9, 0, 5], [0, 0, 0, 1]]),
    "oblique": oblique(1),
    "left_handed": oblique(2, left_handed=True),
    "left_handed_plain": np.diag([1.0, 1.0, -3.0, 1.0]),
}
NUMERIC_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")


def numbers(dtype: Any = "int16", shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Values that differ from voxel to voxel, as far as the type has as many."""
    return (np.arange(int(np.prod(shape))) % 119).reshape(shape).astype(dtype)


def add_volume(array: Optional[np.ndarray] = None, grid: Any = "oblique", name: str = "scan") -> Any:
    """A volume of the scene; `grid` is a name of `GRIDS` or a matrix IJK to RAS."""
    matrix = GRIDS[grid] if isinstance(grid, str) else grid
    values = numbers() if array is None else array
    if values.dtype != np.int64:
        return slicer.util.addVolumeFromArray(values, ijkToRAS=matrix, name=name)
    # Slicer's helper refuses this type, but files with it are loaded.
    image = vtk.vtkImageData()
    image.SetDimensions(*values.shape[::-1])
    image.AllocateScalars(vtk.VTK_LONG_LONG, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = values.reshape(-1)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveImageData(image)
    return node


def label_map(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Tissues 1, 2 and 7 in boxes and single voxels; 9 is absent."""
    labels = np.zeros(shape, np.uint8)
    labels[1:6, 2:8, 3:10] = 1
    labels[4:8, 5:9, 6:12] = 2
    labels[2, 3, 4] = labels[7, 10, 12] = 7
    return labels


def add_transform(seed: int = 5, *, name: str = "parent") -> Any:
    """A rigid transform node."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(random_state=seed).as_matrix()
    matrix[:3, 3] = np.random.default_rng(seed).normal(size=3) * 50
    slicer.util.updateTransformMatrixFromArray(node, matrix)
    return node


def add_bending_transform() -> Any:
    """A transform node that is not linear."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    bent = vtk.vtkThinPlateSplineTransform()
    bent.SetBasisToR()
    source, target = vtk.vtkPoints(), vtk.vtkPoints()
    for number, point in enumerate([(0, 0, 0), (50, 0, 0), (0, 50, 0), (0, 0, 50), (50, 50, 50)]):
        source.InsertNextPoint(point)
        target.InsertNextPoint([value + number for value in point])
    bent.SetSourceLandmarks(source)
    bent.SetTargetLandmarks(target)
    node.SetAndObserveTransformToParent(bent)
    return node


def put_under(node: Any, transform: Any) -> None:
    node.SetAndObserveTransformNodeID(None if transform is None else transform.GetID())


def made(steps: Generator[Any, None, Any]) -> Any:
    """The result of long work."""
    return Operation(steps).wait(60)


def add_segmentation(volume: Any, labels: Optional[np.ndarray] = None, **changes: Any) -> Any:
    """A segmentation of `volume` as the module makes it."""
    given = {"name": "result", "tissues": TISSUES, "tags": {"Run": "r1"}, **changes}
    return made(create_segmentation(volume, label_map=label_map() if labels is None else labels, **given))


def world_centres(node: Any, segment_id: str) -> np.ndarray:
    """RAS positions of a segment's voxels, with the transforms above it, as Slicer's own logic computes them."""
    image = slicer.vtkOrientedImageData()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.GetSegmentBinaryLabelmapRepresentation(node, segment_id, image, True)
    extent = image.GetExtent()
    array = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    # Slicer gives the image that all segments share.
    value = node.GetSegmentation().GetSegment(segment_id).GetLabelValue()
    index = np.argwhere(array == value)[:, ::-1] + np.array(extent[::2])
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return index @ slicer.util.arrayFromVTKMatrix(matrix)[:3, :3].T + slicer.util.arrayFromVTKMatrix(matrix)[:3, 3]


def sorted_rows(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(np.round(points, 4).T)]
