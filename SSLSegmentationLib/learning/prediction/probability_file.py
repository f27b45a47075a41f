"""Probabilities as a 4D NIfTI file, written piece by piece, so that a large one is never in memory as a whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np

from SSLSegmentationLib.contract.files import replacing
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.preprocess.resampling import slabs
from SSLSegmentationLib.learning.prediction.assembly import FloatArray

# The fastest level: probabilities hardly shrink at any.
GZIP_LEVEL = 1


def write_probability_file(path: Path, probabilities: FloatArray, geometry: Geometry) -> None:
    """Writes float32 (tissues, slices, rows, columns) as a .nii.gz whose last axis is the tissue."""
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.float32)
    header.set_data_shape((*geometry.shape[::-1], len(probabilities)))
    header.set_xyzt_units("mm")
    header.set_qform(geometry.affine_ras, code=1)
    header.set_sform(geometry.affine_ras, code=1)
    header["vox_offset"] = 352
    with replacing(path) as temporary, open(temporary, "wb") as handle:
        # No name and no time, so that equal probabilities are equal files.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=handle, mtime=0) as packed:
            packed.write(header.binaryblock)
            packed.write(bytes(4))
            for tissue in probabilities:
                for start, stop in slabs(geometry.shape):
                    packed.write(np.ascontiguousarray(tissue[start:stop], dtype="<f4").tobytes())
