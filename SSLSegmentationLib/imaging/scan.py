"""The data classes that carry scans between floors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.geometry import Geometry


@dataclass(frozen=True)
class Scan:
    """One 3D volume of intensities.

    `array` has shape (slices, rows, columns) and the file's own numeric type after its rescale; `warnings` say what a
    person should know about the file (for example that its two transforms disagree).
    """

    array: npt.NDArray[np.generic]
    geometry: Geometry
    path: Optional[Path] = None
    warnings: Tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class LabelMap:
    """One 3D label map: `array` of unsigned integers (slices, rows, columns), 0 is background; `tissues` names the values."""

    array: npt.NDArray[Any]
    geometry: Geometry
    tissues: TissueTable
    path: Optional[Path] = None
    warnings: Tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Case:
    """One case of a data set: where its channels and its label map lie, and whose they are. Nothing is loaded.

    `problems` are the reasons, in plain English, why the case can't be used (empty for a good case).
    """

    id: str
    subject: str
    images: Tuple[Path, ...]
    label: Optional[Path] = None
    problems: Tuple[str, ...] = ()
    # Index of the volume in a 4D file, one per channel; None where the file is 3D.
    volumes: Tuple[Optional[int], ...] = ()
