"""NIfTI-1, .nii and .nii.gz, with sform and qform.

Both are float32 by the format: a place 300 mm from the origin is kept to about 2e-5 mm.
"""

from __future__ import annotations

import itertools
import struct
from typing import IO, Mapping, Tuple

import numpy as np

from SSLSegmentationLib.imaging.geometry import FloatArray, Geometry
from SSLSegmentationLib.imaging.writers.output import GZIP, Array, chunks, storable, write_compressed

NUMBER_TYPES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}
SCANNER_SPACE = 1
MILLIMETRES = 2
# A qform is a rotation: where the axes are not quite at right angles it would say another grid, and is left out.
QFORM_VOXELS = 1e-3


def write_nifti(handle: IO[bytes], array: Array, geometry: Geometry, fields: Mapping[str, str]) -> None:
    """Writes `array` (slices, rows, columns), or (volumes, slices, rows, columns), uncompressed."""
    stored = storable(array)
    handle.write(nifti_header(stored, geometry))
    for part in chunks(stored):
        handle.write(part)


def write_nifti_gz(handle: IO[bytes], array: Array, geometry: Geometry, fields: Mapping[str, str]) -> None:
    """Writes as `write_nifti`, compressed."""
    stored = storable(array)
    write_compressed(handle, itertools.chain([nifti_header(stored, geometry)], chunks(stored)), form=GZIP)


def nifti_header(array: Array, geometry: Geometry) -> bytes:
    """The 352 bytes before the voxels."""
    sizes = array.shape[::-1]
    affine = geometry.affine_ras
    handedness, quaternion = _quaternion(affine[:3, :3] / np.array(geometry.spacing))
    qform = SCANNER_SPACE if _is_rotation(geometry) else 0
    data = bytearray(352)
    dim = (array.ndim, *sizes, *([1] * (7 - array.ndim)))
    pixdim = (handedness, *geometry.spacing, *([1.0] * 4))
    struct.pack_into("<i", data, 0, 348)
    struct.pack_into("<8h", data, 40, *dim)
    struct.pack_into("<hh", data, 70, NUMBER_TYPES[array.dtype.str[1:]], array.dtype.itemsize * 8)
    struct.pack_into("<8f", data, 76, *pixdim)
    struct.pack_into("<3f", data, 108, 352.0, 1.0, 0.0)
    data[123] = MILLIMETRES
    struct.pack_into("<hh", data, 252, qform, SCANNER_SPACE)
    struct.pack_into("<6f", data, 256, *quaternion, *affine[:3, 3])
    struct.pack_into("<12f", data, 280, *affine[:3].reshape(-1))
    data[344:348] = b"n+1\0"
    return bytes(data)


def _quaternion(direction: FloatArray) -> Tuple[float, Tuple[float, float, float]]:
    """(-1 for left-handed axes, else 1) and the parts b, c, d of the rotation's quaternion with a positive first part."""
    # Here, not above: most who import this room write no NIfTI, and it takes 0.2 s.
    from scipy.spatial.transform import Rotation

    handedness = -1.0 if np.linalg.det(direction) < 0 else 1.0
    b, c, d, a = Rotation.from_matrix(direction * [1.0, 1.0, handedness]).as_quat()
    sign = -1.0 if a < 0 else 1.0
    return handedness, (sign * float(b), sign * float(c), sign * float(d))


def _is_rotation(geometry: Geometry) -> bool:
    left, _, right = np.linalg.svd(np.array(geometry.direction).reshape(3, 3))
    rotation = Geometry(
        geometry.shape, geometry.spacing, geometry.origin, tuple(float(value) for value in (left @ right).reshape(-1))
    )
    return geometry.largest_shift(rotation) <= QFORM_VOXELS
