"""Writing voxels as an uncompressed NRRD, slab by slab: files by which the scene and the worker processes exchange data."""

from __future__ import annotations

import contextlib
import sys
import uuid
from pathlib import Path
from typing import IO, Any, Callable, Iterator, Mapping, Optional

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene.images import Array, slabs
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import Geometry

TYPES = {
    "u1": "uint8", "i1": "int8", "u2": "uint16", "i2": "int16", "u4": "uint32", "i4": "int32", "u8": "uint64", "i8": "int64",
    "f4": "float", "f8": "double",
}  # fmt: skip


def write_raw_nrrd(
    path: Path, geometry: Geometry, voxels: Callable[[], Array], *, text: str, fields: Optional[Mapping[str, str]] = None
) -> Steps[Path]:
    """Writes the array that `voxels` gives at each step (slices, rows, columns); it may raise where the array is gone.

    `fields` are free entries of the header, such as the segments of a .seg.nrrd. The file gets its name when it is
    complete, and none is left otherwise. Raises `disk.full` or `disk.read_only`.
    """
    first = voxels()
    if first.shape != geometry.shape:
        raise ValueError(f"array of shape {first.shape} on a grid of shape {geometry.shape}")
    header = _header(first.dtype, geometry, fields or {})
    with disk_errors(path), _appearing(path) as handle:
        handle.write(header)
        for part in slabs(geometry.shape):
            yield Progress(text, part.start / geometry.shape[0])
            handle.write(np.ascontiguousarray(voxels()[part]).reshape(-1).view(np.uint8).data)
    return path


def _header(dtype: "np.dtype[Any]", geometry: Geometry, fields: Mapping[str, str]) -> bytes:
    code = dtype.str[1:]
    if code not in TYPES:
        raise SSLSegmentationError("data.unsupported", _("Voxels of type {type} cannot be written.").format(type=dtype.name))
    columns = geometry.matrix[:3, :3].T
    lines = [
        "NRRD0004",
        f"type: {TYPES[code]}",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(size) for size in geometry.shape[::-1]),
        "space directions: " + " ".join(_vector(column) for column in columns),
        "kinds: domain domain domain",
        f"endian: {sys.byteorder}",
        "encoding: raw",
        "space origin: " + _vector(geometry.origin),
        *(f"{key}:={value}" for key, value in fields.items()),
    ]
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def _vector(values: Any) -> str:
    # All digits of every number, so that the grid is the same one after reading.
    return "(" + ",".join(repr(float(value)) for value in values) + ")"


@contextlib.contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name when the block ends without error.

    It is not flushed to the disk: another process reads it within seconds, and flushing blocks for as long as the disk needs.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as handle:
            yield handle
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
