"""The grid of an NRRD file by the text of its header: SimpleITK would say the same, but takes 0.3 s to be imported."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Tuple

import numpy as np

from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import checks

# What turns the axes of a space to LPS. Other spaces are left to SimpleITK.
_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
# Fields that say the same in another way, or that exclude each other: what counts then is left to SimpleITK.
_OTHER_WAYS = ("spacings", "axis mins", "axismins", "axis maxs", "axismaxs")
_SPATIAL_KINDS, _VOLUME_KINDS = ("domain", "space"), ("list", "vector")
_ENTRY = r"none|\([^()]*\)"


def plain_geometry(path: Path, fields: Mapping[str, str], *, sizes: Sequence[int], axis: Optional[int]) -> Optional[Geometry]:
    """The grid where the header gives it plainly: directions in a space of three dimensions that is LPS, RAS, LAS or unnamed.

    `sizes` are the spatial ones (columns, rows, slices), `axis` the one in file order that counts volumes. None where it is
    given in another way, or with numbers that cannot be read. Raises `data.no_geometry` and `data.sheared`.
    """
    factors = _factors(fields)
    directions = _directions(fields, axis=axis)
    if factors is None or directions is None or not _kinds_fit(fields, axis=axis):
        return None
    vectors = [_vector(entry) for entry in directions]
    origin = _vector(fields["space origin"]) if "space origin" in fields else (0.0, 0.0, 0.0)
    if origin is None or None in vectors:
        return None
    columns = np.array(vectors, dtype=float).T * np.array(factors)[:, np.newaxis]
    spacing = np.linalg.norm(columns, axis=0)
    if not np.isfinite(spacing).all() or spacing.min() <= 0:
        return None
    return checks.checked_geometry(
        path,
        shape=(sizes[2], sizes[1], sizes[0]),
        spacing=[float(value) for value in spacing],
        origin=[float(value) * factor for value, factor in zip(origin, factors)],
        direction=columns / spacing,
    )


def _factors(fields: Mapping[str, str]) -> Optional[Tuple[float, float, float]]:
    named, unnamed = fields.get("space"), fields.get("space dimension")
    if any(name in fields for name in _OTHER_WAYS) or (named is None) == (unnamed is None):
        return None
    if named is not None:
        return _TO_LPS.get(named.lower())
    return (1.0, 1.0, 1.0) if unnamed == "3" else None


def _directions(fields: Mapping[str, str], *, axis: Optional[int]) -> Optional[List[str]]:
    """The entries of the three axes in space."""
    text = fields.get("space directions", "")
    entries = re.findall(_ENTRY, text)
    if re.sub(_ENTRY, "", text).strip() or len(entries) != (3 if axis is None else 4):
        return None
    if axis is not None and entries.pop(axis) != "none":
        return None
    return None if "none" in entries else entries


def _kinds_fit(fields: Mapping[str, str], *, axis: Optional[int]) -> bool:
    """Whether SimpleITK, which goes by the kinds of axes, takes the same ones for those in space."""
    if "kinds" not in fields:
        return axis is None
    kinds = fields["kinds"].lower().split()
    if axis is not None and (len(kinds) != 4 or kinds.pop(axis) not in _VOLUME_KINDS):
        return False
    return len(kinds) == 3 and all(kind in _SPATIAL_KINDS for kind in kinds)


def _vector(text: str) -> Optional[Tuple[float, ...]]:
    """The three numbers of "(x,y,z)"."""
    try:
        numbers = tuple(float(part) for part in text.strip().lstrip("(").rstrip(")").split(","))
    except ValueError:
        return None
    return numbers if len(numbers) == 3 and np.isfinite(numbers).all() else None
