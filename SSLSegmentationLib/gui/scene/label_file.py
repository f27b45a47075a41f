"""Reading a label map that the engine wrote, in small steps and without SimpleITK, whose import alone blocks for a moment."""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Dict, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.scene.images import Array
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.geometry import Geometry

NUMBER_TYPES = {"uint8": "u1", "uint16": "u2", "uint32": "u4"}
LONGEST_HEADER = 1 << 20
# Bytes read, and bytes unpacked, in one step. A piece of a label map may unpack to a thousand times its size.
READ_BYTES = 1 << 18
UNPACKED_BYTES = 1 << 21
_GZIP = 31


@dataclass(frozen=True)
class _Header:
    geometry: Geometry
    dtype: "np.dtype[Any]"
    compressed: bool


def read_labels(path: Path, grid: Geometry) -> Steps[Array]:
    """Labels (slices, rows, columns) of a .nrrd or .seg.nrrd of one layer, raw or gzip, that lies on `grid`.

    Raises `data.missing`, `data.unreadable` (another kind of file), `data.grid_mismatch`, `data.truncated`, `data.damaged`.
    """
    if not path.is_file():
        raise SSLSegmentationError("data.missing", _("The result {file} does not exist.").format(file=path.name))
    with path.open("rb") as handle:
        header = _read_header(handle, path)
        if not header.geometry.same_grid(grid):
            raise SSLSegmentationError("data.grid_mismatch", _("The result does not lie on the volume's grid any more."))
        labels = np.empty(grid.shape, header.dtype)
        target = memoryview(labels.reshape(-1).view(np.uint8).data)
        filled = yield from (_unpack(handle, target, path) if header.compressed else _copy(handle, target))
    if filled < len(target):
        raise SSLSegmentationError("data.truncated", _("The result {file} is incomplete.").format(file=path.name))
    return labels


def _copy(handle: IO[bytes], target: memoryview) -> Steps[int]:
    filled = 0
    while filled < len(target):
        yield Progress(_("Reading the result"), filled / len(target))
        piece = handle.read(min(UNPACKED_BYTES, len(target) - filled))
        if not piece:
            break
        target[filled : filled + len(piece)] = piece
        filled += len(piece)
    return filled


def _unpack(handle: IO[bytes], target: memoryview, path: Path) -> Steps[int]:
    stream = zlib.decompressobj(wbits=_GZIP)
    filled, packed = 0, handle.read(READ_BYTES)
    # Past the last voxel as well: only the end of the stream says whether its checksum is right.
    while packed and not stream.eof:
        yield Progress(_("Reading the result"), filled / len(target))
        try:
            piece = stream.decompress(packed, UNPACKED_BYTES)
        except zlib.error as error:
            raise SSLSegmentationError("data.damaged", _("The result {file} is damaged.").format(file=path.name)) from error
        if filled + len(piece) > len(target):
            raise SSLSegmentationError("data.damaged", _("The result {file} holds too many voxels.").format(file=path.name))
        target[filled : filled + len(piece)] = piece
        filled += len(piece)
        packed = stream.unconsumed_tail or handle.read(READ_BYTES)
    return filled if stream.eof else 0


def _read_header(handle: IO[bytes], path: Path) -> _Header:
    fields: Dict[str, str] = {}
    first = handle.readline(LONGEST_HEADER)
    line = handle.readline(LONGEST_HEADER)
    while line.strip():
        key, mark, value = line.decode("utf-8", "replace").partition(": ")
        if mark:
            fields[key.strip().lower()] = value.strip()
        line = handle.readline(LONGEST_HEADER) if handle.tell() < LONGEST_HEADER else b""
    try:
        if (
            not first.startswith(b"NRRD")
            or fields["space"] != "left-posterior-superior"
            or fields["encoding"] not in ("raw", "gzip")
        ):
            raise ValueError(fields.get("encoding", "no NRRD"))
        columns, rows, slices = (int(size) for size in fields["sizes"].split())
        matrix = np.eye(4)
        matrix[:3, :3] = np.array([_vector(part) for part in re.findall(r"\([^)]*\)", fields["space directions"])]).T
        matrix[:3, 3] = _vector(fields["space origin"])
        order = {"little": "<", "big": ">"}.get(fields.get("endian", sys.byteorder), "=")
        dtype = np.dtype(order + NUMBER_TYPES[fields["type"]])
        geometry = Geometry.from_matrix(matrix, (slices, rows, columns))
    except (KeyError, ValueError) as error:
        raise SSLSegmentationError(
            "data.unreadable", _("{file} is not a label map of the engine ({error}).").format(file=path.name, error=error)
        ) from error
    return _Header(geometry, dtype, fields["encoding"] == "gzip")


def _vector(text: str) -> Tuple[float, float, float]:
    x, y, z = (float(part) for part in text.strip("() ").split(","))
    return x, y, z
