"""NRRD: attached (.nrrd, .seg.nrrd) and detached headers (.nhdr)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.nrrd_geometry import plain_geometry
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.readers.voxels import VoxelBlock

# A header longer than this is not a header.
LONGEST_HEADER = 4 << 20
ENCODINGS = {"raw": "", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
NUMBER_TYPES = {
    name: code
    for code, names in {
        "i1": "signed char, int8, int8_t",
        "u1": "uchar, unsigned char, uint8, uint8_t",
        "i2": "short, short int, signed short, signed short int, int16, int16_t",
        "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
        "i4": "int, signed int, int32, int32_t",
        "u4": "uint, unsigned int, uint32, uint32_t",
        "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
        "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(", ")
}
COLOUR_KINDS = ("rgb-color", "rgba-color", "hsv-color", "xyz-color", "3-color", "4-color")
# Kinds of an axis that counts whole volumes.
VOLUME_KINDS = ("list", "time", "none", "???", "scalar", "stub", "vector")


@dataclass(frozen=True)
class NrrdHeader:
    """`fields` are the format's own ("sizes: …"), `texts` the free ones ("Segment0_Name:=…"); `end` is the first byte after."""

    fields: Dict[str, str]
    texts: Dict[str, str]
    end: int


def open_nrrd(path: Path) -> ScanFile:
    """Header of an NRRD file; raises `data.*` for what is not one or several 3D volumes of numbers with a voxel size."""
    header = parse_header(path)
    sizes = _integers(path, header, "sizes")
    checks.check_sizes(path, sizes)
    axis = _volume_axis(path, header, sizes)
    spatial = tuple(size for index, size in enumerate(sizes) if index != axis)
    volumes = sizes[axis] if axis is not None else 1
    block = _voxel_block(path, header, sizes)
    block.check_size()
    warnings = _geometry_warnings(path, header)
    geometry = plain_geometry(path, header.fields, sizes=spatial, axis=axis) or _itk_geometry(path, spatial)
    load = partial(_load, path=path, block=block, sizes=sizes, axis=axis, geometry=geometry)
    return ScanFile(geometry=geometry, volumes=volumes, voxels=block.path, load=load, warnings=warnings, fields=header.texts)


def parse_header(path: Path) -> NrrdHeader:
    """The text before the first empty line (or the whole file of a detached header)."""
    with path.open("rb") as handle:
        if handle.read(4) != b"NRRD":
            raise SSLSegmentationError("data.unreadable", f"{path} does not begin with an NRRD header.")
        handle.readline()
        fields: Dict[str, str] = {}
        texts: Dict[str, str] = {}
        length = 0
        while length < LONGEST_HEADER:
            raw = handle.readline(LONGEST_HEADER)
            length += len(raw)
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if not line:
                if not raw and "data file" not in fields and "datafile" not in fields:
                    raise SSLSegmentationError("data.truncated", f"{path} ends within its header.")
                return NrrdHeader(fields, texts, handle.tell())
            if line.startswith("#"):
                continue
            key, mark, value = line.partition(":=")
            if mark:
                texts[_unescape(key)] = _unescape(value)
                continue
            key, mark, value = line.partition(":")
            if not mark:
                raise SSLSegmentationError("data.damaged", f"{path}: the header line {line[:80]!r} is not an NRRD field.")
            fields[key.strip().lower()] = value.strip()
    raise SSLSegmentationError("data.damaged", f"{path}: the header does not end.")


def _unescape(text: str) -> str:
    return re.sub(r"\\(n|\\)", lambda match: "\n" if match.group(1) == "n" else "\\", text)


def _need(path: Path, header: NrrdHeader, name: str) -> str:
    if name not in header.fields:
        raise SSLSegmentationError("data.damaged", f"{path}: the header has no '{name}'.")
    return header.fields[name]


def _integers(path: Path, header: NrrdHeader, name: str) -> Tuple[int, ...]:
    text = _need(path, header, name)
    try:
        return tuple(int(part) for part in text.split())
    except ValueError as error:
        raise SSLSegmentationError("data.damaged", f"{path}: '{name}: {text[:80]}' are not whole numbers.") from error


def _directions(header: NrrdHeader) -> List[str]:
    """Entries of "space directions": "none" or "(x,y,z)"."""
    return re.findall(r"none|\([^)]*\)", header.fields.get("space directions", ""), flags=re.IGNORECASE)


def _volume_axis(path: Path, header: NrrdHeader, sizes: Tuple[int, ...]) -> Optional[int]:
    """The axis (in file order) that counts volumes or segment layers; None for a 3D file."""
    kinds = header.fields.get("kinds", "").lower().split()
    if any(kind in COLOUR_KINDS for kind in kinds):
        raise checks.colour_error(path, "colours")
    fact = f"{path} has {counted(len(sizes), 'dimension')} ({checks.times(sizes)})"
    if len(sizes) == 3 and "none" not in [entry.lower() for entry in _directions(header)]:
        return None
    if len(sizes) != 4:
        raise SSLSegmentationError("data.not_3d", f"{fact}, 3 are needed.")
    directions = [index for index, entry in enumerate(_directions(header)) if entry.lower() == "none"]
    candidates = directions or [index for index, kind in enumerate(kinds) if kind in VOLUME_KINDS]
    if len(candidates) != 1 or candidates[0] not in (0, 3):
        raise SSLSegmentationError("data.not_3d", f"{fact} and does not say which of them are in space.")
    return candidates[0]


def _voxel_block(path: Path, header: NrrdHeader, sizes: Tuple[int, ...]) -> VoxelBlock:
    encoding = _need(path, header, "encoding").lower()
    if encoding not in ENCODINGS:
        raise SSLSegmentationError(
            "data.unsupported",
            f"{path} is stored with encoding '{encoding}'; raw, gzip and bzip2 are read.",
            hint="Save it again as raw or gzip.",
        )
    voxels, start = _voxel_file(path, header)
    compression = ENCODINGS[encoding]
    if header.fields.get("line skip", header.fields.get("lineskip", "0")) != "0":
        raise SSLSegmentationError(
            "data.unsupported", f"{path}: 'line skip' is not read.", hint="Save it with an attached header."
        )
    dtype = _dtype(path, header)
    count = int(np.prod(sizes, dtype=object))
    skip = int(header.fields.get("byte skip", header.fields.get("byteskip", "0")))
    if skip == -1 and not compression:
        return VoxelBlock(path=voxels, dtype=dtype, count=count, start=max(0, voxels.stat().st_size - count * dtype.itemsize))
    if skip < 0:
        raise SSLSegmentationError("data.unsupported", f"{path}: 'byte skip: {skip}' is not read for compressed voxels.")
    # Of compressed voxels, too, the bytes to skip are those of the decompressed stream.
    return VoxelBlock(path=voxels, dtype=dtype, count=count, start=start, skip=skip, compression=compression)


def _voxel_file(path: Path, header: NrrdHeader) -> Tuple[Path, int]:
    name = header.fields.get("data file", header.fields.get("datafile"))
    if name is None:
        return path, header.end
    return checks.detached_voxels(path, name), 0


def _dtype(path: Path, header: NrrdHeader) -> np.dtype[np.generic]:
    name = _need(path, header, "type").lower()
    if name not in NUMBER_TYPES:
        raise SSLSegmentationError("data.unsupported", f"{path} holds values of type '{name}'.")
    order = {"little": "<", "big": ">"}.get(header.fields.get("endian", "").lower(), "")
    code = NUMBER_TYPES[name]
    if not order and not code.endswith("1"):
        raise SSLSegmentationError("data.damaged", f"{path}: the header has no 'endian'.")
    return np.dtype(order + code)


def _geometry_warnings(path: Path, header: NrrdHeader) -> Tuple[str, ...]:
    fields = header.fields
    units = re.findall(r'"([^"]*)"', fields.get("space units", ""))
    if any(unit not in ("mm", "") for unit in units):
        raise SSLSegmentationError("data.no_geometry", f"{path}: its distances are in {', '.join(units)}, not mm.")
    if "space directions" in fields and ("space" in fields or "space dimension" in fields):
        if "space" not in fields:
            return (f"{path.name}: does not name its space, so its orientation is unknown; left and right are a guess.",)
        return ()
    spacings = [float(part) for part in fields.get("spacings", "").split() if part.lower() != "nan"]
    if len(spacings) < 3 or min(spacings) <= 0:
        raise SSLSegmentationError("data.no_geometry", f"{path} has neither space directions nor spacings.")
    return (f"{path.name}: has no space directions, so its orientation is unknown; left and right are a guess.",)


def _itk_geometry(path: Path, spatial: Sequence[int]) -> Geometry:
    return checks.itk_geometry(path, reader="NrrdImageIO", sizes=spatial)


def _load(*, path: Path, block: VoxelBlock, sizes: Tuple[int, ...], axis: Optional[int], geometry: Geometry) -> Array:
    columns_first = geometry.shape[::-1]
    if not _itk_geometry(path, columns_first).same_grid(geometry):
        raise SSLSegmentationError(
            "data.damaged", f"{path}: SimpleITK takes its header for another grid than it says.", hint="Save it again."
        )
    values, surplus = block.read()
    if surplus:
        raise SSLSegmentationError(
            "data.damaged",
            f"{path}: {surplus} bytes more than its sizes say follow the voxels{_of(block.path, path)}.",
            hint="Check 'byte skip' and 'sizes'.",
        )
    array = values.reshape(sizes[::-1])
    if axis is None:
        return array[np.newaxis]
    return np.ascontiguousarray(np.moveaxis(array, len(sizes) - 1 - axis, 0))


def _of(voxels: Path, header: Path) -> str:
    return "" if voxels == header else f" in {voxels.name}"
