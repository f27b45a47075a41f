"""Writing scans, label maps and probabilities. A format is one file here and one line in `WRITERS`.

Written by ourselves: SimpleITK leaves a cut NIfTI file without an error where the disk is full. A file appears under its
name only when it is complete.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, Callable, Dict, Mapping

import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, replacing
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers.label_map import smallest_unsigned
from SSLSegmentationLib.imaging.scan import LabelMap, Scan
from SSLSegmentationLib.imaging.writers.metaimage import write_metaimage
from SSLSegmentationLib.imaging.writers.nifti import write_nifti, write_nifti_gz
from SSLSegmentationLib.imaging.writers.nrrd import write_nrrd
from SSLSegmentationLib.imaging.writers.segments import segment_fields

Writer = Callable[[IO[bytes], "npt.NDArray[Any]", Geometry, Mapping[str, str]], None]
# The first suffix that fits is taken.
WRITERS: Dict[str, Writer] = {
    ".nii.gz": write_nifti_gz,
    ".nii": write_nifti,
    ".nrrd": write_nrrd,
    ".mha": write_metaimage,
}


def write_scan(path: PathLike, scan: Scan) -> None:
    """Writes a scan by suffix: .nii.gz, .nii, .nrrd or .mha."""
    _write(path, scan.array, scan.geometry, {})


def write_label_map(path: PathLike, label_map: LabelMap) -> None:
    """Writes a label map by suffix in the smallest unsigned type; a .seg.nrrd also keeps names, colours and terminology."""
    segmentation = Path(path).name.lower().endswith(".seg.nrrd")
    fields = segment_fields(label_map.tissues, label_map.geometry) if segmentation else {}
    _write(path, smallest_unsigned(label_map.array), label_map.geometry, fields)


def write_probabilities(path: PathLike, array: npt.NDArray[Any], geometry: Geometry) -> None:
    """Writes probabilities of shape (tissues, slices, rows, columns) as one 4D NIfTI file, tissues last in the file's axes."""
    if not Path(path).name.lower().endswith((".nii.gz", ".nii")):
        raise SSLSegmentationError("usage.arguments", f"{path}: probabilities are written as NIfTI only.", hint="Use .nii.gz.")
    _write(path, array, geometry, {})


def _write(path: PathLike, array: npt.NDArray[Any], geometry: Geometry, fields: Mapping[str, str]) -> None:
    if tuple(array.shape[-3:]) != geometry.shape:
        raise ValueError(f"array of shape {array.shape} on a grid of shape {geometry.shape}")
    name = Path(path).name.lower()
    writer = next((writer for suffix, writer in WRITERS.items() if name.endswith(suffix)), None)
    if writer is None:
        raise SSLSegmentationError(
            "usage.arguments", f"{path} has none of the suffixes that can be written.", hint=f"Use {', '.join(WRITERS)}."
        )
    with replacing(path) as temporary, temporary.open("wb") as handle:
        writer(handle, array, geometry, fields)
