"""Volumes of the scene: their facts, their grid, and their way to files and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Tuple

import numpy as np
import slicer
import vtk

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene import hierarchy, images, transforms
from SSLSegmentationLib.gui.scene.nodes import name_of as name_of
from SSLSegmentationLib.gui.scene.nodes import require_in_scene, shown_name, unique_name
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import ORTHOGONAL_COSINE, FloatArray, Geometry
from SSLSegmentationLib.imaging.regrid import index_map, reoriented
from SSLSegmentationLib.imaging.scan import Scan

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
MODALITIES = {"CT": "ct", "MR": "mri"}
# Units of voxels by the meaning of their code in DICOM.
UNITS = {"Hounsfield unit": "HU", "millisecond": "ms"}
# The window of a new volume's display holds all but these shares of a sample of its voxels.
WINDOW_PERCENTILES = (0.5, 99.5)
SAMPLED_VOXELS = 100_000


@dataclass(frozen=True)
class VolumeFacts:
    """What a person sees of a volume before anything is computed.

    `shape` is (slices, rows, columns), `spacing` in mm along columns, rows, slices; `modality` is "ct", "mri" or "".
    """

    name: str
    shape: Tuple[int, int, int]
    spacing: Tuple[float, float, float]
    numeric_type: str
    components: int
    modality: str


def volume_facts(node: Any) -> VolumeFacts:
    """Facts of a volume, also of one that cannot be used (shape (0, 0, 0) where it is empty). Raises `data.missing`."""
    require_in_scene(node)
    image = node.GetImageData()
    scalars = image.GetPointData().GetScalars() if image is not None else None
    columns, rows, slices = image.GetDimensions() if scalars is not None else (0, 0, 0)
    column, row, between = node.GetSpacing()
    return VolumeFacts(
        name=name_of(node),
        shape=(slices, rows, columns),
        spacing=(column, row, between),
        numeric_type=str(scalars.GetDataTypeAsString()) if scalars is not None else "",
        components=int(scalars.GetNumberOfComponents()) if scalars is not None else 0,
        modality=modality_of(node),
    )


def all_volumes() -> Tuple[Any, ...]:
    """The volumes of intensities that a person sees in the scene, in its order; label maps and colours are none."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return tuple(node for node in nodes if node.GetClassName() == "vtkMRMLScalarVolumeNode" and not node.GetHideFromEditors())


def modality_of(node: Any) -> str:
    """ "ct" or "mri" where DICOM or the unit of the voxels says so, else ""."""
    return MODALITIES.get(dicom_modality(node), "") or ("ct" if unit_of(node) == "HU" else "")


def dicom_modality(node: Any) -> str:
    """The modality that DICOM names, such as "MR" or "PT"; "" where it names none."""
    return str(hierarchy.attribute(node, "DICOM.Modality") or node.GetAttribute("DICOM.Modality") or "").upper()


def unit_of(node: Any) -> str:
    """The unit of the voxels, such as "HU" or "ms"; "" where the volume does not know it."""
    unit = node.GetVoxelValueUnits() if hasattr(node, "GetVoxelValueUnits") else None
    return "" if unit is None else UNITS.get(str(unit.GetCodeMeaning()), "")


def geometry_of(node: Any) -> Geometry:
    """The volume's own grid, without the transforms above it. Raises `data.missing`, `data.empty` or `data.sheared`."""
    require_in_scene(node)
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or min(image.GetDimensions()) <= 0:
        raise SSLSegmentationError(
            "data.empty",
            _("The volume '{name}' has no voxels.").format(name=shown_name(node)),
            hint=_("Load it again, or choose another volume."),
        )
    columns, rows, slices = image.GetDimensions()
    matrix = ijk_to_ras(node)
    if not at_right_angles(matrix):
        raise SSLSegmentationError(
            "data.sheared",
            _("The axes of the volume '{name}' are not at right angles.").format(name=shown_name(node)),
            hint=_("Resample it to orthogonal axes first, for example with 'Resample Scalar/Vector/DWI Volume'."),
        )
    return Geometry.from_matrix(RAS_TO_LPS @ matrix, (slices, rows, columns))


def ijk_to_ras(node: Any) -> FloatArray:
    """4×4 matrix from voxel index (i, j, k) to RAS mm of the volume's own frame."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return transforms.to_array(matrix)


def scan_of(node: Any) -> Scan:
    """The volume as a scan whose array is a view of the node's memory: for reading at once, not for keeping.

    Raises as `geometry_of` does, and `data.colour` or `data.unsupported` (a transform that is not linear).
    """
    geometry = geometry_of(node)
    components = node.GetImageData().GetNumberOfScalarComponents()
    if components != 1:
        raise SSLSegmentationError(
            "data.colour",
            _("The volume '{name}' holds {count} values per voxel, not one intensity.").format(
                name=shown_name(node), count=components
            ),
            hint=_("Choose the original scan, or extract one component with 'Vector to Scalar Volume'."),
        )
    transforms.require_linear(node)
    return Scan(array=images.voxels(node.GetImageData()), geometry=geometry)


def geometry_on(node: Any, first: Any) -> Geometry:
    """The volume's grid in the frame of `first`, whose voxels it shares in any order, the transforms above both included.

    Raises `data.grid_mismatch` where it has other voxels, and as `geometry_of` does.
    """
    grid, shape = geometry_of(first), geometry_of(node).shape
    matrix = RAS_TO_LPS @ transforms.matrix_between(node, first) @ ijk_to_ras(node)
    if at_right_angles(matrix):
        own = Geometry.from_matrix(matrix, shape)
        axes = index_map(own, grid)
        if axes is not None and grid.same_grid(reoriented(own, *axes)):
            return own
    raise SSLSegmentationError(
        "data.grid_mismatch",
        _("The voxels of '{name}' do not lie on those of '{first}'.").format(name=shown_name(node), first=shown_name(first)),
        hint=_("Resample it onto that volume with 'Resample Scalar/Vector/DWI Volume', with the transform above it."),
    )


def export_volume(node: Any, path: Path, *, onto: Any = None) -> Steps[Path]:
    """Writes the volume in its own frame (transforms above it are left out) as an uncompressed NRRD.

    With another volume `onto` whose voxels it shares, in that one's frame. Raises as `scan_of` and `geometry_on` do,
    `data.unreadable` where the volume is replaced on the way, and `disk.*`.
    """
    geometry = scan_of(node).geometry
    if onto is not None:
        geometry = geometry_on(node, onto)
    scalars = node.GetImageData().GetPointData().GetScalars()
    stamp = scalars.GetMTime()

    def voxels() -> images.Array:
        require_in_scene(node)
        image = node.GetImageData()
        same = image is not None and image.GetPointData().GetScalars() is scalars and scalars.GetMTime() == stamp
        if not same:
            raise SSLSegmentationError(
                "data.unreadable",
                _("The volume '{name}' was changed while it was saved.").format(name=shown_name(node)),
                hint=_("Start again."),
            )
        return images.voxels(image)

    return (yield from write_raw_nrrd(path, geometry, voxels, text=_("Saving the volume")))


def volume_from_scan(scan: Scan, name: str) -> Steps[Any]:
    """A new scalar volume with a copy of the scan's array; it enters the scene when it is complete."""
    slices, rows, columns = scan.array.shape
    image = vtk.vtkImageData()
    image.SetDimensions(columns, rows, slices)
    target = images.allocate(image, (yield from _shown_dtype(scan.array)))
    for part in images.slabs(scan.array.shape):
        yield Progress(_("Loading the volume"), part.start / slices)
        target[part] = scan.array[part]
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(unique_name(name))
    node.SetIJKToRASMatrix(transforms.to_vtk(scan.geometry.affine_ras))
    node.SetAndObserveImageData(image)
    display = slicer.vtkMRMLScalarVolumeDisplayNode()
    # Slicer's own choice of the window takes a second for a large scan.
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(*_window(scan.array))
    slicer.mrmlScene.AddNode(display)
    display.SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    slicer.mrmlScene.AddNode(node)
    node.SetAndObserveDisplayNodeID(display.GetID())
    return node


def _shown_dtype(array: images.Array) -> Steps["np.dtype[Any]"]:
    """The array's own type; a smaller one for 64-bit whole numbers, which Slicer does not show."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8:
        return array.dtype
    low, high = 0, 0
    for part in images.slabs(array.shape):
        yield Progress(_("Loading the volume"), 0.0)
        low, high = min(low, int(array[part].min())), max(high, int(array[part].max()))
    fits = np.iinfo(np.int32).min <= low and high <= np.iinfo(np.int32).max
    return np.dtype(np.int32 if fits else np.float64)


def _window(array: images.Array) -> Tuple[float, float]:
    step = max(1, round((array.size / SAMPLED_VOXELS) ** (1 / 3)))
    sample = array[::step, ::step, ::step].astype(np.float64)
    finite = sample[np.isfinite(sample)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, WINDOW_PERCENTILES)
    return float(low), float(high if high > low else low + 1.0)


def at_right_angles(matrix: FloatArray) -> bool:
    """Whether the axes of a 4×4 matrix are orthogonal, and none is without length."""
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or lengths.min() <= 0:
        return False
    unit = matrix[:3, :3] / lengths
    return bool(np.abs((unit.T @ unit)[np.triu_indices(3, 1)]).max() <= ORTHOGONAL_COSINE)
