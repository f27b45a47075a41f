"""Where the slice views stand: which slice of a volume they show."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import slicer
import vtk

from SSLSegmentationLib.gui.scene import transforms
from SSLSegmentationLib.gui.scene.volumes import ijk_to_ras

# A view shows the slices of an axis where its plane is tilted against them by less than about 45°.
_LEAST_COSINE = 0.7


def view_along(volume: Any, axis: int) -> Any:
    """The slice view that looks along an array axis of the volume (0 slices, 1 rows, 2 columns); None without one."""
    across = _to_world(volume)[:3, :3] @ ijk_to_ras(volume)[:3, 2 - axis]
    across /= np.linalg.norm(across)
    best, best_cosine = None, _LEAST_COSINE
    # Views of other layouts are there too; one on screen comes first.
    views = sorted(slicer.util.getNodesByClass("vtkMRMLSliceNode"), key=lambda view: not view.IsMappedInLayout())
    for view in views:
        cosine = abs(float(across @ transforms.to_array(view.GetSliceToRAS())[:3, 2]))
        if cosine > best_cosine + 1e-6:
            best, best_cosine = view, cosine
    return best


def index_shown(view: Any, volume: Any, axis: int) -> Optional[int]:
    """The index along an array axis of the volume at the middle of a view; None where the view is beside the volume."""
    centre = transforms.to_array(view.GetSliceToRAS())[:, 3]
    voxel = np.linalg.inv(_to_world(volume) @ ijk_to_ras(volume)) @ centre
    index = round(float(voxel[2 - axis]))
    return index if 0 <= index < length(volume, axis) else None


def _to_world(volume: Any) -> transforms.Matrix:
    """4×4 matrix from the volume's own frame to the scene's, in RAS mm; the transforms above it have to be linear."""
    matrix = vtk.vtkMatrix4x4()
    slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(volume.GetParentTransformNode(), None, matrix)
    return transforms.to_array(matrix)


def length(volume: Any, axis: int) -> int:
    """Voxels along an array axis of the volume."""
    return int(volume.GetImageData().GetDimensions()[2 - axis])
