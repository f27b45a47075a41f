"""NIfTI-1 and NIfTI-2, single files (.nii, .nii.gz) and pairs (.hdr + .img)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.nifti_geometry import nifti_geometry
from SSLSegmentationLib.imaging.readers.nifti_header import NiftiHeader, parse_header
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.readers.voxels import VoxelBlock, decompressed

NUMBER_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
COLOURS = {128: "red, green and blue", 2304: "red, green, blue and alpha"}
OTHER_TYPES = {1: "single bits", 32: "complex numbers", 1536: "128-bit floats", 1792: "complex numbers", 2048: "complex numbers"}
CIFTI_INTENTS = range(3000, 3100)


def open_nifti(path: Path) -> ScanFile:
    """Header of a NIfTI file or pair; raises `data.*` for whatever is not one 3D (or 4D) volume of numbers with geometry."""
    compressed = _is_gzip(path)
    _check_name(path, compressed)
    header = parse_header(path, _first_bytes(path, compressed))
    sizes, volumes = _sizes(path, header)
    dtype = _dtype(path, header)
    voxels = path if header.single else _image_of_pair(path)
    block = VoxelBlock(
        path=voxels,
        dtype=dtype,
        count=int(np.prod([*sizes, volumes], dtype=object)),
        skip=header.vox_offset,
        compression="gzip" if _is_gzip(voxels) else "",
    )
    block.check_size()
    # Absurd numbers of a damaged header overflow to infinity, which is refused.
    with np.errstate(over="ignore", invalid="ignore"):
        geometry, warnings = nifti_geometry(path, header, sizes)
    load = partial(_load, block=block, header=header, shape=(volumes, *geometry.shape))
    return ScanFile(geometry=geometry, volumes=volumes, voxels=voxels, load=load, warnings=warnings)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"


def _check_name(path: Path, compressed: bool) -> None:
    if compressed != path.name.lower().endswith(".gz"):
        fact = (
            "is compressed but its name does not end in .gz" if compressed else "is not compressed although its name ends in .gz"
        )
        raise SSLSegmentationError("data.damaged", f"{path} {fact}.", hint="Rename or export the file again.")


def _first_bytes(path: Path, compressed: bool) -> bytes:
    """The first 540 bytes (fewer in a shorter file)."""
    with path.open("rb") as handle:
        if not compressed:
            return handle.read(540)
        data = b""
        for block in decompressed(handle, "gzip", path, chunk=1024):
            data += block[:540]
            if len(data) >= 540:
                break
        return data[:540]


def _sizes(path: Path, header: NiftiHeader) -> Tuple[Tuple[int, int, int], int]:
    """(columns, rows, slices) and the number of volumes."""
    if header.intent in CIFTI_INTENTS:
        raise SSLSegmentationError("data.unsupported", f"{path} is a CIFTI connectivity or surface file, not an image in space.")
    count = header.dim[0]
    if not 1 <= count <= 7:
        raise SSLSegmentationError("data.damaged", f"{path}: the header says {count} dimensions.")
    sizes = header.dim[1 : count + 1]
    checks.check_sizes(path, sizes)
    if count < 3:
        raise SSLSegmentationError(
            "data.not_3d", f"{path} has {counted(count, 'dimension')} ({checks.times(sizes)}), 3 are needed."
        )
    if count > 4 and any(size > 1 for size in sizes[4:]):
        raise SSLSegmentationError(
            "data.not_3d", f"{path} has {counted(count, 'dimension')} ({checks.times(sizes)}), 3 are needed."
        )
    return (sizes[0], sizes[1], sizes[2]), sizes[3] if count > 3 else 1


def _dtype(path: Path, header: NiftiHeader) -> np.dtype[Any]:
    if header.datatype in COLOURS:
        raise checks.colour_error(path, COLOURS[header.datatype])
    if header.datatype in OTHER_TYPES:
        raise SSLSegmentationError("data.unsupported", f"{path} holds {OTHER_TYPES[header.datatype]}.")
    if header.datatype not in NUMBER_TYPES:
        raise SSLSegmentationError("data.damaged", f"{path}: the header's data type {header.datatype} does not exist.")
    return np.dtype(header.order + NUMBER_TYPES[header.datatype])


def _image_of_pair(path: Path) -> Path:
    suffix = ".hdr.gz" if path.name.lower().endswith(".hdr.gz") else ".hdr"
    base = path.name[: -len(suffix)]
    for name in (base + ".img", base + ".img.gz", base + ".IMG"):
        if path.with_name(name).is_file():
            return path.with_name(name)
    raise SSLSegmentationError(
        "data.missing", f"The voxel file {base}.img that belongs to {path} is missing.", hint="Copy it beside the .hdr."
    )


def _load(*, block: VoxelBlock, header: NiftiHeader, shape: Tuple[int, ...]) -> Array:
    values, surplus = block.read()
    if surplus:
        raise SSLSegmentationError("data.damaged", f"{block.path}: {surplus} bytes more than its header says follow the voxels.")
    array = values.reshape(shape)
    slope, intercept = header.slope, header.intercept
    # NIfTI: a slope of 0 (or NaN) means "not scaled".
    if not np.isfinite(slope) or slope == 0.0 or not np.isfinite(intercept) or (slope == 1.0 and intercept == 0.0):
        return array
    scaled = np.empty(shape, np.float32 if array.dtype.itemsize <= 2 or array.dtype == np.float32 else np.float64)
    with np.errstate(over="ignore"):
        # In double precision, as other readers do, and slice by slice, so that memory never holds the whole of it twice.
        for before, after in zip(array.reshape(-1, *shape[2:]), scaled.reshape(-1, *shape[2:])):
            after[...] = before.astype(np.float64) * slope + intercept
    return scaled
