"""What a reader of one format gives: geometry and facts from the header, and a way to load the voxels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.imaging.geometry import Geometry

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class ScanFile:
    """One opened file of which only the header was read.

    `voxels` is the file that holds them: itself, or the one beside a detached header. `load()` reads all voxels and returns
    shape (volumes, slices, rows, columns) in native byte order; it raises `data.truncated` or `data.damaged` where the bytes
    do not hold what the header says. `fields` are the text entries
    that the format keeps beside the voxels (a .seg.nrrd's segments), empty for formats without them.
    """

    geometry: Geometry
    volumes: int
    voxels: Path
    load: Callable[[], Array]
    warnings: Tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
