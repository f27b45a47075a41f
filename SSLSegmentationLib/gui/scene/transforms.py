"""The transforms above a node."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.scene.nodes import shown_name
from SSLSegmentationLib.gui.texts import _

Matrix = npt.NDArray[np.float64]


def parent_of(node: Any) -> Optional[Any]:
    """The transform node right above a node, or None."""
    return node.GetParentTransformNode()


def is_linear(node: Any) -> bool:
    """Whether all transforms above a node are linear; also where there is none."""
    parent = parent_of(node)
    return parent is None or bool(parent.IsTransformToWorldLinear())


def require_linear(node: Any) -> None:
    """Raises `data.unsupported` where a transform above the node bends space: millimetres and voxels would disagree."""
    if not is_linear(node):
        raise SSLSegmentationError(
            "data.unsupported",
            _("'{name}' lies under a transform that is not linear.").format(name=shown_name(node)),
            hint=_("Harden the transform on it first (right-click on it in the Data module, 'Harden transform')."),
        )


def matrix_between(source: Any, target: Any) -> Matrix:
    """4×4 matrix from the frame of node `source` to that of node `target`, in RAS mm. Both chains have to be linear."""
    first, last = parent_of(source), parent_of(target)
    if first is last:
        return np.eye(4)
    require_linear(source)
    require_linear(target)
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(first, last, matrix)
    return to_array(matrix)


def to_array(matrix: Any) -> Matrix:
    """A vtkMatrix4x4 as an array."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)], dtype=float)


def to_vtk(array: Matrix) -> Any:
    """A 4×4 array as a vtkMatrix4x4."""
    matrix = vtk.vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(array[row, column]))
    return matrix


def matrix_of_image(image: Any) -> Matrix:
    """4×4 matrix from voxel index (i, j, k) of a vtkOrientedImageData to RAS mm."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    return to_array(matrix)
