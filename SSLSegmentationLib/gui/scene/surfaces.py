"""The closed surfaces of segments: which are missing, what they are made of, and how they come into the scene."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import images, transforms
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.gui.scene.segments import binary_labelmap, closed_surface
from SSLSegmentationLib.gui.scene.volumes import RAS_TO_LPS, at_right_angles
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.surface import SurfaceSettings


@dataclass(frozen=True)
class Source:
    """What the surface of a segment is made of: the data that may hold other segments too, its state, the segment's label."""

    data: Any
    modified: int
    label: int


@dataclass(frozen=True)
class Made:
    """A surface (vtkPolyData, None where there can be none) and what it was made of."""

    source: Source
    surface: Any


def missing_surfaces(segmentation: Any, made: Mapping[str, Made]) -> Dict[str, Source]:
    """What the surfaces are to be made of that neither the segmentation has nor `made` as the segments are now, by segment."""
    content = segmentation.GetSegmentation()
    found: Dict[str, Source] = {}
    for one in content.GetSegmentIDs():
        segment = content.GetSegment(one)
        data = segment.GetRepresentation(content.GetSourceRepresentationName())
        if data is None or segment.GetRepresentation(closed_surface()) is not None:
            continue
        source = Source(data, data.GetMTime(), segment.GetLabelValue())
        if one not in made or made[one].source != source:
            found[one] = source
    return found


def add_surfaces(segmentation: Any, made: Mapping[str, Made]) -> None:
    """Gives the segments their surfaces and tells the views."""
    content = segmentation.GetSegmentation()
    for one, data in made.items():
        segment = content.GetSegment(one)
        if segment is not None and data.surface is not None and segment.GetRepresentation(closed_surface()) is None:
            segment.AddRepresentation(closed_surface(), data.surface)
    content.InvokeEvent(slicer.vtkSegmentation.ContainedRepresentationNamesModified)


def own_settings(segmentation: Any, data: Any) -> Optional[SurfaceSettings]:
    """How Slicer would make surfaces of the labelmap `data`; None where only Slicer itself can."""
    content = segmentation.GetSegmentation()
    rule = slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule
    if content.GetSourceRepresentationName() != binary_labelmap() or not _can_be_saved(data):
        return None
    try:
        smoothing = _parameter(content, rule.GetSmoothingFactorParameterName(), 0.5)
        decimation = _parameter(content, rule.GetDecimationFactorParameterName(), 0.0)
        normals = _parameter(content, rule.GetComputeSurfaceNormalsParameterName(), 1.0) > 0
        others = (
            _parameter(content, rule.GetConversionMethodParameterName(), 0.0),
            _parameter(content, rule.GetSurfaceNetInternalSmoothingParameterName(), 0.0),
            _parameter(content, rule.GetJointSmoothingParameterName(), 0.0),
        )
    except ValueError:
        return None
    if any(others) or smoothing > 1 or decimation > 1:
        return None
    # Slicer keeps a smoothing that was switched off as a negative number.
    return SurfaceSettings(max(smoothing, 0.0), max(decimation, 0.0), normals)


def _parameter(content: Any, name: str, default: float) -> float:
    return float(content.GetConversionParameter(name) or default)


def _can_be_saved(data: Any) -> bool:
    return images.voxels(data).size > 0 and at_right_angles(transforms.matrix_of_image(data))


def convert_in_slicer(segmentation: Any, source: Source) -> Made:
    """The surface of one segment by Slicer's own conversion, which takes as long as it takes; None where there is none."""
    content = segmentation.GetSegmentation()
    alone, copy = slicer.vtkSegmentation(), slicer.vtkSegment()
    alone.SetSourceRepresentationName(content.GetSourceRepresentationName())
    alone.CopyConversionParameters(content)
    copy.SetLabelValue(source.label)
    copy.AddRepresentation(content.GetSourceRepresentationName(), source.data)
    alone.AddSegment(copy, "alone")
    alone.CreateRepresentation(closed_surface())
    return Made(source, copy.GetRepresentation(closed_surface()))


def save_labelmap(data: Any, path: Path) -> Steps[Path]:
    """Writes a labelmap with all of its segments. Raises `data.unreadable` where it gets another size on the way, `disk.*`."""
    shape = images.voxels(data).shape
    extent = data.GetExtent()
    first = np.eye(4)
    first[:3, 3] = extent[::2]
    geometry = Geometry.from_matrix(RAS_TO_LPS @ transforms.matrix_of_image(data) @ first, shape)

    def voxels() -> images.Array:
        array = images.voxels(data)
        if array.shape != shape:
            raise SSLSegmentationError("data.unreadable", _("A segment was edited while it was read."), hint=_("Start again."))
        return array

    return (yield from write_raw_nrrd(path, geometry, voxels, text=_("Making the surfaces")))


def load_surface(folder: Path, label: int) -> Steps[Any]:
    """A surface that `sslseg surface` wrote, as vtkPolyData."""
    points = yield from _load(folder / f"{label}-points.npy", vtk.vtkFloatArray())
    corners = yield from _load(folder / f"{label}-triangles.npy", vtk.vtkTypeInt32Array())
    normals_path = folder / f"{label}-normals.npy"
    normals = (yield from _load(normals_path, vtk.vtkFloatArray())) if normals_path.exists() else None
    surface, places, triangles = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    places.SetData(points)
    surface.SetPoints(places)
    starts = vtk.vtkTypeInt32Array()
    starts.SetNumberOfValues(corners.GetNumberOfTuples() + 1)
    vtk_to_numpy(starts)[:] = np.arange(0, corners.GetNumberOfValues() + 1, 3, dtype=np.int32)
    corners.SetNumberOfComponents(1)
    triangles.SetData(starts, corners)
    surface.SetPolys(triangles)
    if normals is not None:
        normals.SetName("Normals")
        surface.GetPointData().SetNormals(normals)
    return surface


def _load(path: Path, array: Any) -> Steps[Any]:
    """Fills `array` with the rows of three numbers of a .npy file, a few ms of reading at a time."""
    with path.open("rb") as handle:
        np.lib.format.read_magic(handle)
        shape: Tuple[int, ...] = np.lib.format.read_array_header_1_0(handle)[0]
        array.SetNumberOfComponents(3)
        array.SetNumberOfTuples(shape[0])
        target = vtk_to_numpy(array).reshape(shape)
        for part in images.slabs(shape):
            yield Progress(_("Making the surfaces"))
            handle.readinto(target[part].data)
    return array
