"""MetaImage: .mha, and .mhd with its voxels in a file beside it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.readers.voxels import VoxelBlock

LONGEST_HEADER = 1 << 20
MATRIX_NAMES = ("TransformMatrix", "Rotation", "Orientation")
ORIGIN_NAMES = ("Offset", "Position", "Origin")
NUMBER_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4",
    "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip


def open_metaimage(path: Path) -> ScanFile:
    """Header of a MetaImage; raises `data.*` for whatever is not one 3D volume of numbers with a voxel size."""
    fields, end = parse_header(path)
    sizes = _sizes(path, fields)
    channels = int(_numbers(path, fields, "ElementNumberOfChannels", "1")[0])
    if channels != 1:
        raise checks.colour_error(path, f"{channels} components")
    warnings = _geometry_warnings(path, fields)
    block = _voxel_block(path, fields, end, sizes)
    block.check_size()
    geometry = _geometry(path, fields, sizes)
    volumes = sizes[3] if len(sizes) == 4 else 1
    load = partial(_load, block=block, shape=(volumes, *geometry.shape))
    return ScanFile(geometry=geometry, volumes=volumes, voxels=block.path, load=load, warnings=warnings)


def parse_header(path: Path) -> Tuple[Dict[str, str], int]:
    """The "Key = value" lines up to ElementDataFile, and the first byte after them."""
    fields: Dict[str, str] = {}
    with path.open("rb") as handle:
        while handle.tell() < LONGEST_HEADER:
            raw = handle.readline(LONGEST_HEADER)
            if not raw:
                break
            key, mark, value = raw.decode("utf-8", "replace").partition("=")
            if not mark and key.strip():
                break
            fields[key.strip()] = value.strip()
            if key.strip() == "ElementDataFile":
                return fields, handle.tell()
    if "NDims" in fields:
        raise SSLSegmentationError("data.truncated", f"{path} ends within its header.")
    raise SSLSegmentationError("data.unreadable", f"{path} does not begin with a MetaImage header.")


def _numbers(path: Path, fields: Dict[str, str], name: str, default: str = "") -> List[float]:
    text = fields.get(name, default)
    try:
        numbers = [float(part) for part in text.split()]
    except ValueError:
        numbers = []
    if not numbers:
        raise SSLSegmentationError("data.damaged", f"{path}: the header has no valid '{name}' ({text[:80]!r}).")
    return numbers


def _sizes(path: Path, fields: Dict[str, str]) -> Tuple[int, ...]:
    sizes = tuple(int(value) for value in _numbers(path, fields, "DimSize"))
    checks.check_sizes(path, sizes)
    if int(_numbers(path, fields, "NDims")[0]) != len(sizes):
        raise SSLSegmentationError("data.damaged", f"{path}: NDims is {fields.get('NDims')}, DimSize is {fields.get('DimSize')}.")
    if len(sizes) not in (3, 4):
        raise SSLSegmentationError(
            "data.not_3d", f"{path} has {counted(len(sizes), 'dimension')} ({checks.times(sizes)}), 3 are needed."
        )
    return sizes


def _geometry_warnings(path: Path, fields: Dict[str, str]) -> Tuple[str, ...]:
    name = "ElementSpacing" if "ElementSpacing" in fields else "ElementSize"
    if name not in fields:
        raise SSLSegmentationError("data.no_geometry", f"{path} has no ElementSpacing.")
    if min(_numbers(path, fields, name)) <= 0:
        raise SSLSegmentationError("data.no_geometry", f"{path}: {name} is {fields[name]}; a voxel size must be positive.")
    # SimpleITK ignores both of these entries.
    units = fields.get("DistanceUnits", "mm")
    if units not in ("mm", "?", ""):
        raise SSLSegmentationError("data.no_geometry", f"{path}: its distances are in {units}, not mm.")
    slope = _numbers(path, fields, "ElementToIntensityFunctionSlope", "1")
    offset = _numbers(path, fields, "ElementToIntensityFunctionOffset", "0")
    if slope != [1.0] or offset != [0.0]:
        raise SSLSegmentationError("data.unsupported", f"{path}: its values are to be rescaled, which is not done.")
    if not any(key in fields for key in MATRIX_NAMES):
        return (f"{path.name}: has no TransformMatrix, so its orientation is unknown; left and right are a guess.",)
    return ()


def _geometry(path: Path, fields: Dict[str, str], sizes: Tuple[int, ...]) -> Geometry:
    """As SimpleITK has it; its own reading would write to stderr what it minds about a header."""
    dimensions = len(sizes)
    matrix = np.eye(dimensions)
    given = next((name for name in MATRIX_NAMES if name in fields), None)
    if given is not None:
        matrix = np.array(_exactly(path, fields, given, dimensions * dimensions)).reshape(dimensions, dimensions)
    name = "ElementSpacing" if "ElementSpacing" in fields else "ElementSize"
    origin = next((key for key in ORIGIN_NAMES if key in fields), None)
    return checks.checked_geometry(
        path,
        shape=(sizes[2], sizes[1], sizes[0]),
        spacing=_exactly(path, fields, name, dimensions)[:3],
        origin=_exactly(path, fields, origin, dimensions)[:3] if origin else [0.0, 0.0, 0.0],
        # The file lists the axes one after the other: the rows of its matrix are the columns of ours.
        direction=matrix.T[:3, :3],
    )


def _exactly(path: Path, fields: Dict[str, str], name: str, count: int) -> List[float]:
    numbers = _numbers(path, fields, name)
    if len(numbers) != count:
        raise SSLSegmentationError("data.damaged", f"{path}: '{name}' has {counted(len(numbers), 'number')}, {count} are needed.")
    return numbers


def _voxel_block(path: Path, fields: Dict[str, str], end: int, sizes: Tuple[int, ...]) -> VoxelBlock:
    if fields.get("BinaryData", "True").lower() == "false":
        raise SSLSegmentationError("data.unsupported", f"{path} holds its voxels as text.", hint="Save it again as binary.")
    kind = fields.get("ElementType", "")
    if kind not in NUMBER_TYPES:
        code = "data.colour" if kind.endswith("_ARRAY") else "data.unsupported"
        raise SSLSegmentationError(code, f"{path} holds values of type '{kind}'.")
    big = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype((">" if big else "<") + NUMBER_TYPES[kind])
    voxels, start = _voxel_file(path, fields["ElementDataFile"], end)
    compressed = fields.get("CompressedData", "False").lower() == "true"
    count = int(np.prod(sizes, dtype=object))
    skip = int(_numbers(path, fields, "HeaderSize", "0")[0])
    if skip == -1 and not compressed:
        return VoxelBlock(path=voxels, dtype=dtype, count=count, start=max(start, voxels.stat().st_size - count * dtype.itemsize))
    return VoxelBlock(path=voxels, dtype=dtype, count=count, start=start + max(0, skip), compression="zlib" if compressed else "")


def _voxel_file(path: Path, name: str, end: int) -> Tuple[Path, int]:
    if name.upper() == "LOCAL":
        return path, end
    return checks.detached_voxels(path, name), 0


def _load(*, block: VoxelBlock, shape: Tuple[int, ...]) -> Array:
    values, surplus = block.read()
    if surplus:
        raise SSLSegmentationError("data.damaged", f"{block.path}: {surplus} bytes more than DimSize says follow the voxels.")
    return values.reshape(shape)
