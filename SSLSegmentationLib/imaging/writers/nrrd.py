"""NRRD and .seg.nrrd, gzip-compressed, in LPS."""

from __future__ import annotations

from typing import IO, Mapping

import numpy as np

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.writers.output import GZIP, Array, chunks, storable, texts, write_compressed

NUMBER_TYPES = {
    "u1": "uint8", "i1": "int8", "u2": "uint16", "i2": "int16", "u4": "uint32", "i4": "int32", "u8": "uint64", "i8": "int64",
    "f4": "float", "f8": "double",
}  # fmt: skip


def write_nrrd(handle: IO[bytes], array: Array, geometry: Geometry, fields: Mapping[str, str]) -> None:
    """Writes `array` (slices, rows, columns); `fields` are the free entries ("Segment0_Name")."""
    stored = storable(array)
    axes = geometry.matrix[:3, :3].T
    lines = [
        "NRRD0004",
        f"type: {NUMBER_TYPES[stored.dtype.str[1:]]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(size) for size in stored.shape[::-1])}",
        f"space directions: {' '.join(_vector(axis) for axis in axes)}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(np.array(geometry.origin))}",
        *(f"{key}:={value}" for key, value in fields.items()),
    ]
    handle.write(("\n".join(lines) + "\n\n").encode("utf-8"))
    write_compressed(handle, chunks(stored), form=GZIP)


def _vector(values: Array) -> str:
    return f"({','.join(texts(values))})"
