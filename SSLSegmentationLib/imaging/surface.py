"""The closed surface of a tissue, as 3D Slicer makes it of a binary labelmap: the same filters with the same settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.geometry import FloatArray

Box = Tuple[slice, slice, slice]
# Free voxels around a tissue, so that its surface is closed.
MARGIN = 1
# Slicer's decimation: edges sharper than this angle are kept, and points move by at most this share of the largest side.
FEATURE_DEGREES = 60.0
LARGEST_ERROR = 1.0


@dataclass(frozen=True)
class SurfaceSettings:
    """How a surface is made of voxels; `smoothing` and `decimation` from 0 (none) to 1. The defaults are Slicer's."""

    smoothing: float = 0.5
    decimation: float = 0.0
    normals: bool = True

    @property
    def iterations(self) -> int:
        return int(20 + 40 * self.smoothing)

    @property
    def pass_band(self) -> float:
        return float(10.0 ** (-4.0 * self.smoothing))


@dataclass(frozen=True)
class Surface:
    """Triangles of a surface: `points` (N, 3) float32 in RAS mm, `triangles` (M, 3) int32, `normals` of the points or None."""

    points: npt.NDArray[np.float32]
    triangles: npt.NDArray[np.int32]
    normals: Optional[npt.NDArray[np.float32]]


def closed_surface(
    labels: npt.NDArray[Any], value: int, *, box: Optional[Box], affine_ras: FloatArray, settings: SurfaceSettings
) -> Surface:
    """The surface of the voxels of `value`, which lie in `box`; without any, an empty one.

    `labels` is (slices, rows, columns), `affine_ras` leads from voxel index (i, j, k) to RAS mm. Needs vtk.
    """
    mesh = None if box is None else _flying_edges(labels[box] == value, box)
    if mesh is None or mesh.GetNumberOfPolys() == 0:
        empty: npt.NDArray[np.float32] = np.zeros((0, 3), np.float32)
        return Surface(empty, np.zeros((0, 3), np.int32), empty if settings.normals else None)
    if settings.decimation > 0:
        mesh = _decimated(mesh, settings.decimation)
    if settings.smoothing > 0:
        mesh = _smoothed(mesh, settings)
    mesh = _moved(mesh, affine_ras)
    if settings.normals:
        mesh = _with_normals(mesh)
    return _as_arrays(mesh, normals=settings.normals)


def _flying_edges(mask: npt.NDArray[np.bool_], box: Box) -> Any:
    """The raw surface in voxel indices (i, j, k) of the whole label map."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkFiltersGeneral import vtkDiscreteFlyingEdges3D

    voxels = np.pad(mask.view(np.uint8), MARGIN)
    image = vtkImageData()
    image.SetExtent(*(bound for part in reversed(box) for bound in (part.start - MARGIN, part.stop - 1 + MARGIN)))
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.reshape(-1)))
    edges = vtkDiscreteFlyingEdges3D()
    edges.SetInputData(image)
    edges.ComputeGradientsOff()
    edges.ComputeNormalsOff()
    edges.SetValue(0, 1)
    edges.Update()
    return edges.GetOutput()


def _decimated(mesh: Any, share: float) -> Any:
    from vtkmodules.vtkFiltersCore import vtkDecimatePro

    decimator = vtkDecimatePro()
    decimator.SetInputData(mesh)
    decimator.SetFeatureAngle(FEATURE_DEGREES)
    decimator.SplittingOff()
    decimator.PreserveTopologyOn()
    decimator.SetMaximumError(LARGEST_ERROR)
    decimator.SetTargetReduction(share)
    decimator.Update()
    return decimator.GetOutput()


def _smoothed(mesh: Any, settings: SurfaceSettings) -> Any:
    from vtkmodules.vtkFiltersCore import vtkWindowedSincPolyDataFilter

    smoother = vtkWindowedSincPolyDataFilter()
    smoother.SetInputData(mesh)
    smoother.SetNumberOfIterations(settings.iterations)
    smoother.SetPassBand(settings.pass_band)
    smoother.BoundarySmoothingOff()
    smoother.FeatureEdgeSmoothingOff()
    smoother.NonManifoldSmoothingOn()
    smoother.NormalizeCoordinatesOn()
    smoother.Update()
    return smoother.GetOutput()


def _moved(mesh: Any, affine: FloatArray) -> Any:
    """The surface in RAS mm. Triangles keep their order of points: a left-handed grid turns them inside out, as in Slicer."""
    from vtkmodules.vtkCommonTransforms import vtkTransform
    from vtkmodules.vtkFiltersGeneral import vtkTransformFilter

    transform = vtkTransform()
    transform.SetMatrix([float(element) for element in affine.reshape(-1)])
    mover = vtkTransformFilter()
    mover.SetInputData(mesh)
    mover.SetTransform(transform)
    mover.Update()
    return mover.GetOutput()


def _with_normals(mesh: Any) -> Any:
    from vtkmodules.vtkFiltersCore import vtkPolyDataNormals

    maker = vtkPolyDataNormals()
    maker.SetInputData(mesh)
    maker.ConsistencyOn()
    maker.SplittingOff()
    maker.Update()
    return maker.GetOutput()


def _as_arrays(mesh: Any, *, normals: bool) -> Surface:
    """Copies that do not need the mesh any more."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    corners = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray())
    return Surface(
        np.array(vtk_to_numpy(mesh.GetPoints().GetData()), np.float32),
        np.array(corners, np.int32).reshape(-1, 3),
        np.array(vtk_to_numpy(mesh.GetPointData().GetNormals()), np.float32) if normals else None,
    )
