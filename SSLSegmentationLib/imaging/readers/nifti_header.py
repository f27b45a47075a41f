"""The header of a NIfTI-1 (348 bytes) or NIfTI-2 file (540 bytes), as far as it matters here."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import FloatArray

UNIT_TO_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}


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


def parse_header(path: Path, data: bytes) -> NiftiHeader:
    """NIfTI-1 (348 bytes) or NIfTI-2 (540 bytes) of either byte order."""
    for order in "<>":
        size = struct.unpack(order + "i", data[:4])[0] if len(data) >= 4 else 0
        if size == 348 and len(data) >= 348:
            return _parse_1(path, data, order)
        if size == 540 and len(data) >= 540:
            return _parse_2(path, data, order)
    if len(data) < 348:
        raise SSLSegmentationError("data.truncated", f"{path} has {counted(len(data), 'byte')} of data; a NIfTI header has 348.")
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
