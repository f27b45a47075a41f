"""NIfTI-1 and NIfTI-2, single files (.nii, .nii.gz) and pairs (.hdr + .img)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.geometry import FloatArray, Geometry
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.readers.voxels import VoxelBlock, decompressed

# qform and sform that lie further apart than this at a corner get a warning. Quaternions in float32 are not finer.
DISAGREEMENT_VOXELS = 0.1
UNIT_TO_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
NUMBER_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
COLOURS = {128: "red, green and blue", 2304: "red, green, blue and alpha"}
OTHER_TYPES = {1: "single bits", 32: "complex numbers", 1536: "128-bit floats", 1792: "complex numbers", 2048: "complex numbers"}
CIFTI_INTENTS = range(3000, 3100)


@dataclass(frozen=True)
class NiftiHeader:
    """The fields of a header that matter here, as stored; `order` is "<" or ">"."""

    version: int
    order: str
    single: bool
    dim: Tuple[int, ...]
    pixdim: Tuple[float, ...]
    datatype: int
    vox_offset: int
    slope: float
    intercept: float
    units: int
    intent: int
    qform_code: int
    sform_code: int
    quaternion: Tuple[float, ...]
    sform: FloatArray

    @property
    def to_mm(self) -> float:
        return UNIT_TO_MM.get(self.units & 7, 1.0)


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
    geometry, warnings = _geometry(path, header, sizes)
    load = partial(_load, block=block, header=header, shape=(volumes, *geometry.shape))
    return ScanFile(geometry=geometry, volumes=volumes, load=load, warnings=warnings)


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
        for block in decompressed(handle, "gzip", path):
            data += block[:540]
            if len(data) >= 540:
                break
        return data[:540]


def parse_header(path: Path, data: bytes) -> NiftiHeader:
    """NIfTI-1 (348 bytes) or NIfTI-2 (540 bytes) of either byte order."""
    for order in "<>":
        size = struct.unpack(order + "i", data[:4])[0] if len(data) >= 4 else 0
        if size == 348 and len(data) >= 348:
            return _parse_1(path, data, order)
        if size == 540 and len(data) >= 540:
            return _parse_2(path, data, order)
    if len(data) < 348:
        raise SSLSegmentationError("data.truncated", f"{path} has {len(data)} bytes of data; a NIfTI header has 348.")
    raise SSLSegmentationError("data.unreadable", f"{path} does not begin with a NIfTI header.")


def _parse_1(path: Path, data: bytes, order: str) -> NiftiHeader:
    magic = data[344:348]
    if magic not in (b"n+1\0", b"ni1\0"):
        raise SSLSegmentationError(
            "data.no_geometry",
            f"{path} is an Analyze 7.5 file, which does not say where its voxels are.",
            hint="Export it as NIfTI.",
        )

    def get(form: str, offset: int) -> Tuple[Any, ...]:
        return struct.unpack_from(order + form, data, offset)

    return NiftiHeader(
        version=1, order=order, single=magic == b"n+1\0", dim=get("8h", 40), pixdim=get("8f", 76), datatype=get("h", 70)[0],
        vox_offset=_offset(path, get("f", 108)[0], 352 if magic == b"n+1\0" else 0), slope=get("f", 112)[0],
        intercept=get("f", 116)[0], units=data[123], intent=get("h", 68)[0], qform_code=get("h", 252)[0],
        sform_code=get("h", 254)[0], quaternion=get("6f", 256), sform=np.array(get("12f", 280), dtype=float).reshape(3, 4),
    )  # fmt: skip


def _parse_2(path: Path, data: bytes, order: str) -> NiftiHeader:
    def get(form: str, offset: int) -> Tuple[Any, ...]:
        return struct.unpack_from(order + form, data, offset)

    single = data[4:7] == b"n+2"
    return NiftiHeader(
        version=2, order=order, single=single, dim=get("8q", 16), pixdim=get("8d", 104), datatype=get("h", 12)[0],
        vox_offset=_offset(path, float(get("q", 168)[0]), 544 if single else 0), slope=get("d", 176)[0],
        intercept=get("d", 184)[0], units=get("i", 500)[0], intent=get("i", 504)[0],
        qform_code=get("i", 344)[0], sform_code=get("i", 348)[0],
        quaternion=get("6d", 352), sform=np.array(get("12d", 400), dtype=float).reshape(3, 4),
    )  # fmt: skip


def _offset(path: Path, offset: float, least: int) -> int:
    if not np.isfinite(offset) or offset < 0 or offset > 2**40:
        raise SSLSegmentationError("data.damaged", f"{path}: the header says that voxels begin at byte {offset:g}.")
    return max(int(offset), least)


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
        raise SSLSegmentationError("data.not_3d", f"{path} has {count} dimensions ({checks.times(sizes)}), 3 are needed.")
    if count > 4 and any(size > 1 for size in sizes[4:]):
        raise SSLSegmentationError("data.not_3d", f"{path} has {count} dimensions ({checks.times(sizes)}), 3 are needed.")
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


def _quaternion_affine(header: NiftiHeader) -> Optional[FloatArray]:
    """The qform as a 3×4 matrix (index → RAS, in the file's unit), NIfTI-1 standard "method 2"; None where it is not valid."""
    b, c, d, *offset = header.quaternion
    square = b * b + c * c + d * d
    pixdim = np.array(header.pixdim[1:4])
    if not np.isfinite([*header.quaternion, *pixdim]).all() or square > 1.0 + 1e-5 or (pixdim <= 0).any():
        return None
    a = float(np.sqrt(max(0.0, 1.0 - square)))
    rotation = np.array([
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ])  # fmt: skip
    handedness = -1.0 if header.pixdim[0] < 0 else 1.0
    return np.column_stack([rotation * pixdim * [1.0, 1.0, handedness], offset])


def _check_sform(path: Path, header: NiftiHeader) -> None:
    columns = header.sform[:, :3]
    if not np.isfinite(header.sform).all() or abs(np.linalg.det(columns)) <= 0 or (np.linalg.norm(columns, axis=0) == 0).any():
        raise SSLSegmentationError("data.no_geometry", f"{path}: its sform matrix is not invertible.")
    if checks.is_sheared(columns):
        raise checks.sheared_error(path)


def _geometry(path: Path, header: NiftiHeader, sizes: Tuple[int, int, int]) -> Tuple[Geometry, Tuple[str, ...]]:
    forms: Dict[str, FloatArray] = {}
    if header.sform_code > 0:
        _check_sform(path, header)
        forms["sform"] = header.sform
    if header.qform_code > 0:
        qform = _quaternion_affine(header)
        if qform is not None:
            forms["qform"] = qform
        elif not forms:
            raise SSLSegmentationError("data.no_geometry", f"{path}: its qform is not a rotation with positive voxel sizes.")
    grids = {name: _from_affine(path, matrix * header.to_mm, sizes) for name, matrix in forms.items()}
    if not grids:
        return _unoriented(path, header, sizes)
    if header.version == 2 or "qform" not in grids:
        # SimpleITK reads no NIfTI-2, and takes voxel sizes from pixdim even where only the sform is valid.
        return next(iter(grids.values())), ()
    geometry = checks.itk_geometry(path, reader="NiftiImageIO", sizes=sizes)
    return geometry, _disagreement(path, geometry, grids)


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
    return (f"{path.name}: qform and sform disagree by up to {max(shifts.values()):.1f} voxels; the {nearest} is used.",)


def _unoriented(path: Path, header: NiftiHeader, sizes: Tuple[int, int, int]) -> Tuple[Geometry, Tuple[str, ...]]:
    pixdim = np.array(header.pixdim[1:4])
    if not np.isfinite(pixdim).all() or (pixdim <= 0).any():
        raise SSLSegmentationError("data.no_geometry", f"{path} has neither qform nor sform, and its voxel size is zero.")
    geometry = checks.itk_geometry(path, reader="NiftiImageIO", sizes=sizes)
    return geometry, (f"{path.name}: has neither qform nor sform, so its orientation is unknown; left and right are a guess.",)


def _from_affine(path: Path, affine_ras: FloatArray, sizes: Tuple[int, int, int]) -> Geometry:
    lps = np.diag([-1.0, -1.0, 1.0]) @ affine_ras
    spacing = np.linalg.norm(lps[:, :3], axis=0)
    shape = (sizes[2], sizes[1], sizes[0])
    return checks.checked_geometry(
        path, shape=shape, spacing=spacing.tolist(), origin=lps[:, 3].tolist(), direction=lps[:, :3] / spacing
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
    kind = np.float32 if array.dtype.itemsize <= 2 or array.dtype == np.float32 else np.float64
    scaled: Array = array.astype(kind) * kind(slope) + kind(intercept)
    return scaled
