"""Opening a file with the reader of its suffix. A format is one file here and one line in `READERS`."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, Optional

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers.checks import existing_file
from SSLSegmentationLib.imaging.readers.metaimage import open_metaimage
from SSLSegmentationLib.imaging.readers.nifti import open_nifti
from SSLSegmentationLib.imaging.readers.nrrd import open_nrrd
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.scan import Scan

# The first suffix that fits is taken.
READERS: Dict[str, Callable[[Path], ScanFile]] = {
    ".nii.gz": open_nifti,
    ".nii": open_nifti,
    ".hdr": open_nifti,
    ".nrrd": open_nrrd,
    ".nhdr": open_nrrd,
    ".mha": open_metaimage,
    ".mhd": open_metaimage,
}
UNSUPPORTED = {
    ".dcm": "a DICOM file",
    ".dcm.gz": "a DICOM file",
    ".mgz": "a FreeSurfer MGZ file",
    ".mgh": "a FreeSurfer MGH file",
}


def open_scan(path: PathLike) -> ScanFile:
    """Header of a scan file; nothing of the voxels is read. Raises `SSLSegmentationError` with a code `data.*`."""
    file = existing_file(path)
    name = file.name.lower()
    for suffix, reader in READERS.items():
        if name.endswith(suffix):
            try:
                return reader(file)
            except (OSError, ValueError, OverflowError) as error:
                raise SSLSegmentationError("data.unreadable", f"{file} cannot be read: {error}.") from error
    kind = next(
        (kind for suffix, kind in UNSUPPORTED.items() if name.endswith(suffix)), "not a NIfTI, NRRD or MetaImage file by its name"
    )
    raise SSLSegmentationError(
        "data.unsupported", f"{file} is {kind}, which is not read.", hint="Convert it to NIfTI, NRRD or MHA."
    )


def read_geometry(path: PathLike) -> Geometry:
    """Geometry from the header alone."""
    return open_scan(path).geometry


def load_voxels(opened: ScanFile, path: PathLike) -> Array:
    """All volumes of an opened file, shape (volumes, slices, rows, columns)."""
    try:
        return opened.load()
    except OSError as error:
        raise SSLSegmentationError("data.unreadable", f"{path} cannot be read: {error}.") from error


def read_scan(path: PathLike, *, volume: Optional[int] = None) -> Scan:
    """One 3D scan. `volume` chooses one of a 4D file, which is refused without it. NaN stays NaN and is counted in a warning."""
    opened = open_scan(path)
    if volume is None and opened.volumes != 1:
        raise SSLSegmentationError("data.not_3d", f"{path} holds {opened.volumes} volumes, one is needed.")
    chosen = volume or 0
    if not 0 <= chosen < opened.volumes:
        held = counted(opened.volumes, "volume")
        raise SSLSegmentationError("data.not_3d", f"{path} holds {held}; number {chosen} does not exist.")
    return scan_of(opened, load_voxels(opened, path)[chosen], Path(path))


def scan_of(opened: ScanFile, array: Array, path: Path) -> Scan:
    """One loaded volume of an opened file as a scan."""
    warnings = opened.warnings
    bad = count_not_finite(array)
    if bad:
        warnings += (f"{path.name}: {counted(bad, 'voxel is', 'voxels are')} NaN or infinite.",)
    return Scan(array=array, geometry=opened.geometry, path=path, warnings=warnings)


def count_not_finite(array: Array) -> int:
    """Voxels that are NaN or infinite."""
    return int(array.size - np.count_nonzero(np.isfinite(array))) if array.dtype.kind == "f" else 0
