"""Makes small scan files for tests, sound ones and broken ones."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any, Callable, Optional

import nibabel as nib
import numpy as np
from scipy.spatial.transform import Rotation

from SSLSegmentationLib.imaging.geometry import Geometry

SHAPE = (5, 6, 7)


def random_geometry(rng: np.random.Generator, shape: tuple[int, int, int] = SHAPE, *, left_handed: bool = False) -> Geometry:
    """Oblique, anisotropic, anywhere; left-handed when asked."""
    direction = Rotation.random(random_state=int(rng.integers(1 << 30))).as_matrix()
    if left_handed:
        direction[:, 2] *= -1
    matrix = np.eye(4)
    matrix[:3, :3] = direction * rng.uniform(0.3, 5.0, size=3)
    matrix[:3, 3] = rng.normal(size=3) * 80
    return Geometry.from_matrix(matrix, shape)


def plain_geometry(shape: tuple[int, int, int] = SHAPE) -> Geometry:
    """Axes along the body's, 0.8 × 0.9 × 2.5 mm."""
    return Geometry(shape, (0.8, 0.9, 2.5), (-20.0, 15.0, -30.0), (1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0))


def numbers(shape: tuple[int, ...] = SHAPE, dtype: Any = np.int16) -> np.ndarray:
    """Distinct values in every voxel (0 to 209 for the usual shape)."""
    return np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)


def nifti(
    path: Path,
    array: np.ndarray,
    geometry: Optional[Geometry] = None,
    *,
    qform: int = 1,
    sform: int = 1,
    change: Callable[[Any], None] = lambda image: None,
    version: int = 1,
) -> Path:
    """A NIfTI file written by nibabel; `array` is (slices, rows, columns) or (volumes, slices, rows, columns)."""
    geometry = geometry or plain_geometry(array.shape[-3:])
    axes = (2, 1, 0) if array.ndim == 3 else (3, 2, 1, 0)
    image = (nib.Nifti1Image if version == 1 else nib.Nifti2Image)(array.transpose(axes), geometry.affine_ras, dtype=array.dtype)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(geometry.affine_ras if sform else None, sform)
    image.set_qform(geometry.affine_ras if qform else None, qform)
    change(image)
    nib.save(image, path)
    return path


def patched(source: Path, target: Path, offset: int, form: str, *values: Any) -> Path:
    """A copy of an uncompressed or .gz file with some header bytes changed."""
    raw = source.read_bytes()
    data = bytearray(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    struct.pack_into(form, data, offset, *values)
    target.write_bytes(gzip.compress(bytes(data)) if target.name.endswith(".gz") else bytes(data))
    return target


def nrrd(path: Path, lines: str, data: bytes) -> Path:
    path.write_bytes(b"NRRD0004\n" + lines.strip().encode() + b"\n\n" + data)
    return path


NRRD_LINES = """type: short
dimension: 3
space: left-posterior-superior
sizes: 7 6 5
space directions: (0.8,0,0) (0,-0.9,0) (0,0,2.5)
kinds: domain domain domain
endian: little
encoding: raw
space origin: (-20,15,-30)
"""

MHA_LINES = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 0 -1 0 0 0 1
Offset = -20 15 -30
ElementSpacing = 0.8 0.9 2.5
DimSize = 7 6 5
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""


def metaimage(path: Path, lines: str, data: bytes) -> Path:
    path.write_bytes(lines.encode() + data)
    return path
