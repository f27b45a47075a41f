"""Probabilities as a 4D NIfTI file, written piece by piece, so that a large one is never in memory as a whole."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from SSLSegmentationLib.contract.files import replacing
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess.resampling import slabs
from SSLSegmentationLib.learning.prediction.assembly import FloatArray

# The fastest level: probabilities hardly shrink at any.
GZIP_LEVEL = 1
HEADER_BYTES = 352


def write_probability_file(path: Path, probabilities: FloatArray, geometry: Geometry) -> None:
    """Writes float32 (tissues, slices, rows, columns) as a .nii.gz whose last axis is the tissue."""
    header: Any = nibabel.Nifti1Header()  # type: ignore[no-untyped-call]
    header.set_data_dtype(np.float32)
    header.set_data_shape((*geometry.shape[::-1], len(probabilities)))
    header.set_xyzt_units("mm")
    header.set_qform(geometry.affine_ras, code=1)
    header.set_sform(geometry.affine_ras, code=1)
    header["vox_offset"] = HEADER_BYTES
    # No name and no time in the file, so that equal probabilities are equal files.
    with (
        replacing(path) as temporary,
        temporary.open("wb") as handle,
        gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=handle, mtime=0) as packed,
    ):
        packed.write(header.binaryblock)
        packed.write(bytes(HEADER_BYTES - len(header.binaryblock)))
        for tissue in probabilities:
            for start, stop in slabs(geometry.shape):
                packed.write(np.ascontiguousarray(tissue[start:stop], dtype="<f4").tobytes())
