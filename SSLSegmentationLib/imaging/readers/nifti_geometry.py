"""Where the voxels of a NIfTI file lie: its sform and qform, and what SimpleITK makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.geometry import FloatArray, Geometry
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.nifti_header import NiftiHeader

# qform and sform that lie within this are one: either is right.
AGREEMENT_VOXELS = 1e-3
# qform and sform that lie further apart than this at a corner get a warning. Quaternions in float32 are not finer.
DISAGREEMENT_VOXELS = 0.1
# Voxel sizes that differ by more than this share between pixdim and sform are a contradiction: volumes would be wrong.
SIZE_TOLERANCE = 0.01
# Quaternions whose first number, squared, is less than this are half turns (as in the NIfTI library).
HALF_TURN = 1e-7
Sizes = Tuple[int, int, int]


def nifti_geometry(path: Path, header: NiftiHeader, sizes: Sizes) -> Tuple[Geometry, Tuple[str, ...]]:
    """Geometry for `sizes` (columns, rows, slices), as SimpleITK has it, and warnings.

    Raises `data.no_geometry` where transforms or voxel sizes are missing or contradict each other, `data.sheared` where axes
    are not at right angles (SimpleITK would take the qform without a word).
    """
    pixdim = np.array(header.pixdim[1:4])
    if not np.isfinite(pixdim).all() or (pixdim <= 0).any():
        listed = ", ".join(f"{value:g}" for value in pixdim)
        raise SSLSegmentationError("data.no_geometry", f"{path}: its voxel size is {listed}; it must be positive.")
    grids: Dict[str, Geometry] = {}
    if header.sform_code > 0:
        _check_sform(path, header.sform, pixdim)
        grids["sform"] = _from_affine(path, header.sform * header.to_mm, sizes)
        if header.qform_code <= 0:
            # SimpleITK takes only the directions from an sform; with a qform, which has pixdim's sizes too, it may not.
            scale = pixdim / np.linalg.norm(header.sform[:, :3], axis=0)
            grids["pixdim"] = _from_affine(path, header.sform * [*scale, 1.0] * header.to_mm, sizes)
    if header.qform_code > 0:
        qform = _quaternion_affine(header)
        if qform is not None:
            grids["qform"] = _from_affine(path, qform * header.to_mm, sizes)
        elif not grids:
            raise SSLSegmentationError("data.no_geometry", f"{path}: its qform is not a rotation.")
    if not grids:
        return _unoriented(path, header, sizes)
    own = next(iter(grids.values()))
    # SimpleITK is asked only where it has a choice; it reads no NIfTI-2.
    if header.version == 2 or all(own.largest_shift(grid) <= AGREEMENT_VOXELS for grid in grids.values()):
        return own, _disagreement(path, own, grids)
    geometry = checks.itk_geometry(path, reader="NiftiImageIO", sizes=sizes)
    return geometry, _disagreement(path, geometry, grids)


def _check_sform(path: Path, sform: FloatArray, pixdim: FloatArray) -> None:
    columns = sform[:, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not np.isfinite(sform).all() or (lengths == 0).any() or abs(np.linalg.det(columns / lengths)) < 1e-6:
        raise SSLSegmentationError("data.no_geometry", f"{path}: its sform matrix cannot be inverted.")
    if checks.is_sheared(columns):
        raise checks.sheared_error(path)
    if np.abs(lengths / pixdim - 1).max() > SIZE_TOLERANCE:
        sizes = [" × ".join(f"{value:g}" for value in numbers) for numbers in (pixdim, lengths)]
        raise SSLSegmentationError(
            "data.no_geometry",
            f"{path}: the voxel size is {sizes[0]} by pixdim and {sizes[1]} by the sform.",
            hint="Export it again.",
        )


def _quaternion_affine(header: NiftiHeader) -> Optional[FloatArray]:
    """The qform as a 3×4 matrix (index → RAS, in the file's unit), NIfTI-1 standard "method 2"; None where it is not valid."""
    b, c, d, *offset = header.quaternion
    square = b * b + c * c + d * d
    pixdim = np.array(header.pixdim[1:4])
    if not np.isfinite(header.quaternion).all() or square > 1.0 + 1e-5:
        return None
    if 1.0 - square < HALF_TURN:
        # A half turn: the square root of what float32 leaves over would turn the scan a little further.
        a, (b, c, d) = 0.0, np.array([b, c, d]) / np.sqrt(square)
    else:
        a = float(np.sqrt(1.0 - square))
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ])  # fmt: skip
    handedness = -1.0 if header.pixdim[0] < 0 else 1.0
    return np.column_stack([rotation * pixdim * [1.0, 1.0, handedness], offset])


def _disagreement(path: Path, geometry: Geometry, grids: Dict[str, Geometry]) -> Tuple[str, ...]:
    """A warning where sform and qform, or SimpleITK's reading of them, lie apart."""
    shifts = {name: geometry.largest_shift(grid) for name, grid in grids.items()}
    if max(shifts.values()) <= DISAGREEMENT_VOXELS:
        return ()
    nearest = min(shifts, key=lambda name: shifts[name])
    if shifts[nearest] > DISAGREEMENT_VOXELS:
        raise SSLSegmentationError(
            "data.no_geometry",
            f"{path}: voxel sizes and transforms of the header contradict each other.",
            hint="Export the scan again.",
        )
    names = " and ".join(sorted(shifts))
    return (f"{path.name}: {names} disagree by up to {max(shifts.values()):.1f} voxels; the {nearest} is used.",)


def _unoriented(path: Path, header: NiftiHeader, sizes: Tuple[int, int, int]) -> Tuple[Geometry, Tuple[str, ...]]:
    if header.version == 2:
        raise SSLSegmentationError("data.no_geometry", f"{path} has neither qform nor sform.")
    geometry = checks.itk_geometry(path, reader="NiftiImageIO", sizes=sizes)
    return geometry, (f"{path.name}: has neither qform nor sform, so its orientation is unknown; left and right are a guess.",)


def _from_affine(path: Path, affine_ras: FloatArray, sizes: Tuple[int, int, int]) -> Geometry:
    lps = np.diag([-1.0, -1.0, 1.0]) @ affine_ras
    spacing = np.linalg.norm(lps[:, :3], axis=0)
    shape = (sizes[2], sizes[1], sizes[0])
    return checks.checked_geometry(
        path, shape=shape, spacing=spacing.tolist(), origin=lps[:, 3].tolist(), direction=lps[:, :3] / spacing
    )
