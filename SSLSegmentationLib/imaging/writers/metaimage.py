"""MetaImage, .mha, compressed."""

from __future__ import annotations

import io
from typing import IO, Mapping

import numpy as np

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.writers.output import ZLIB, Array, chunks, storable, texts, write_compressed

NUMBER_TYPES = {
    "u1": "MET_UCHAR", "i1": "MET_CHAR", "u2": "MET_USHORT", "i2": "MET_SHORT", "u4": "MET_UINT", "i4": "MET_INT",
    "u8": "MET_ULONG_LONG", "i8": "MET_LONG_LONG", "f4": "MET_FLOAT", "f8": "MET_DOUBLE",
}  # fmt: skip


def write_metaimage(handle: IO[bytes], array: Array, geometry: Geometry, fields: Mapping[str, str]) -> None:
    """Writes `array` (slices, rows, columns)."""
    stored = storable(array)
    # The header says how long the compressed voxels are, so they come first.
    packed = io.BytesIO()
    length = write_compressed(packed, chunks(stored), form=ZLIB)
    lines = [
        "ObjectType = Image",
        "NDims = 3",
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = True",
        f"CompressedDataSize = {length}",
        f"TransformMatrix = {' '.join(texts(np.array(geometry.direction).reshape(3, 3).T.reshape(-1)))}",
        f"Offset = {' '.join(texts(geometry.origin))}",
        f"ElementSpacing = {' '.join(texts(geometry.spacing))}",
        f"DimSize = {' '.join(str(size) for size in stored.shape[::-1])}",
        f"ElementType = {NUMBER_TYPES[stored.dtype.str[1:]]}",
        "ElementDataFile = LOCAL",
    ]
    handle.write(("\n".join(lines) + "\n").encode("ascii"))
    handle.write(packed.getbuffer())
