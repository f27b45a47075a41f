"""Reading one case: its channels on one grid, and its label map on that grid."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import read_label_map
from SSLSegmentationLib.imaging.readers.opening import count_not_finite, load_voxels, open_scan, scan_of
from SSLSegmentationLib.imaging.readers.scan_file import Array, ScanFile
from SSLSegmentationLib.imaging.scan import Case, LabelMap, Scan


def read_case(case: Case) -> Tuple[Scan, ...]:
    """All channels of a case, on one grid and finite; raises `SSLSegmentationError` (`data.*`) naming the file."""
    opened = open_channels(case)
    loaded: Dict[Path, Array] = {}
    scans: List[Scan] = []
    for path, volume in zip(case.images, case_volumes(case)):
        if path not in loaded:
            loaded[path] = load_voxels(opened[path], path)
        scan = scan_of(opened[path], loaded[path][volume or 0], path)
        check_finite(scan.array, path)
        scans.append(scan)
    return tuple(scans)


def open_channels(case: Case) -> Dict[Path, ScanFile]:
    """The opened files of a case by path; checks volumes and grids from the headers alone."""
    opened = {path: open_scan(path) for path in dict.fromkeys(case.images)}
    for path, file in opened.items():
        wanted = [volume for image, volume in zip(case.images, case_volumes(case)) if image == path]
        expected = 1 if set(wanted) == {None} else len(wanted)
        if file.volumes != expected:
            raise SSLSegmentationError("data.not_3d", f"{path} holds {counted(file.volumes, 'volume')}, {expected} expected.")
    first, *others = opened
    for path in others:
        if not opened[first].geometry.same_grid(opened[path].geometry):
            raise SSLSegmentationError(
                "data.grid_mismatch",
                f"{path} lies on another grid than {first.name}, the first channel of the case.",
                hint="Resample the channels of a case onto one grid.",
            )
    return opened


def case_volumes(case: Case) -> Tuple[Optional[int], ...]:
    """Index of the volume of each channel (None: the file is 3D)."""
    return case.volumes or (None,) * len(case.images)


def read_case_label(case: Case, tissues: TissueTable, geometry: Geometry) -> LabelMap:
    """The label map of a case on the grid of its scan; raises `data.unpaired` where the case has none."""
    if case.label is None:
        raise SSLSegmentationError("data.unpaired", f"Case '{case.id}' has no label map.")
    return read_label_map(case.label, onto=geometry, tissues=tissues if len(tissues) else None)


def check_finite(array: Array, path: Path) -> None:
    """Refuses NaN and infinity in a scan to be measured or learned from."""
    bad = count_not_finite(array)
    if bad:
        voxels = counted(bad, "voxel that is", "voxels that are")
        raise SSLSegmentationError("data.not_finite", f"{path} holds {voxels} NaN or infinite.")
