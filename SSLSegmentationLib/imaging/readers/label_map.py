"""Reading a label map: whole numbers from 0, on the grid of its scan, with the names of its tissues."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging import regrid
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.readers import checks
from SSLSegmentationLib.imaging.readers.matching import match_segments
from SSLSegmentationLib.imaging.readers.opening import load_voxels, open_scan
from SSLSegmentationLib.imaging.readers.segments import merge_layers, parse_segments
from SSLSegmentationLib.imaging.scan import LabelMap

# Values this close to a whole number are rounded with a notice: float32 rounding of a resampling at full precision.
ROUNDING = 0.01
COUNTED_AT_ONCE = 1 << 20
LARGEST_LABEL = 2**32 - 1
UnsignedArray = npt.NDArray[Any]


def read_label_map(path: PathLike, *, onto: Optional[Geometry] = None, tissues: Optional[TissueTable] = None) -> LabelMap:
    """A label map, in the order of `onto` where that is given, with the names of `tissues`, its own file, or `label_<value>`.

    A label map on the same voxels as `onto`, stored with flipped or permuted axes, is put in order exactly; on other voxels
    it is `data.grid_mismatch`. A value or a segment outside a table that was `given` is `data.unknown_label`. A .seg.nrrd may
    hold a box of the scan's grid only, and several layers of segments that do not overlap; its segments are matched to
    `tissues` by name. Raises `SSLSegmentationError` (`data.*`).
    """
    file = Path(path)
    opened = open_scan(file)
    whole, notices = whole_numbers(file, load_voxels(opened, file))
    segments = parse_segments(file, opened.fields, layers=opened.volumes)
    if segments:
        merged, own, more = merge_layers(file, whole, segments)
        notices += more
    elif opened.volumes != 1:
        raise SSLSegmentationError("data.not_3d", f"{file} holds {opened.volumes} volumes, one label map is needed.")
    else:
        merged, own = whole[0], None
    geometry = opened.geometry
    if onto is not None:
        merged, more = _put_onto(file, merged, geometry, onto, part=bool(segments))
        geometry, notices = onto, notices + more
    array = smallest_unsigned(merged)
    if own is not None and tissues is not None:
        present = [(tissue, count) for value, count in zip(*present_values(array)) for tissue in [own.find(value)] if tissue]
        array, own, more = match_segments(file, array, present, tissues)
        array, notices = smallest_unsigned(array), notices + more
    table = _table(file, array, own, tissues)
    return LabelMap(array=array, geometry=geometry, tissues=table, path=file, warnings=opened.warnings + notices)


def whole_numbers(path: Path, array: npt.NDArray[Any]) -> Tuple[npt.NDArray[Any], Tuple[str, ...]]:
    """`array` as whole numbers from 0; floats within `ROUNDING` of them are rounded with a notice."""
    notices: Tuple[str, ...] = ()
    if array.dtype.kind == "f":
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise SSLSegmentationError(
                "data.not_finite", f"{path} holds {counted(bad, 'NaN or infinite value')}; labels are whole numbers."
            )
        rounded = np.rint(array)
        distance = float(np.abs(array - rounded).max()) if array.size else 0.0
        if distance > ROUNDING:
            worst = array.reshape(-1)[int(np.abs(array - rounded).argmax())]
            raise SSLSegmentationError("data.not_labels", f"{path} holds {worst:g}, which is not a whole number.")
        if distance > 0:
            notices = (f"{path.name}: values up to {distance:.2g} off a whole number were rounded to it.",)
        array = rounded
    low, high = (array.min(), array.max()) if array.size else (0, 0)
    if low < 0:
        count = int(np.count_nonzero(array < 0))
        raise SSLSegmentationError(
            "data.not_labels", f"{path} holds {low:g} (negative values in {counted(count, 'voxel')}); labels start at 0."
        )
    if high > LARGEST_LABEL:
        raise SSLSegmentationError("data.not_labels", f"{path} holds {high:g}, more than the largest label {LARGEST_LABEL}.")
    return smallest_unsigned(array), notices


def smallest_unsigned(array: npt.NDArray[Any]) -> UnsignedArray:
    """`array` in the smallest unsigned type that holds its largest value."""
    high = int(array.max()) if array.size else 0
    return array.astype(np.uint8 if high < 2**8 else np.uint16 if high < 2**16 else np.uint32, copy=False)


def _put_onto(
    path: Path, array: npt.NDArray[Any], source: Geometry, target: Geometry, *, part: bool
) -> Tuple[npt.NDArray[Any], Tuple[str, ...]]:
    turned = regrid.onto_same_grid(array, source, target)
    if turned is not None:
        return turned, _thickness_notice(path, source, target)
    pasted = regrid.paste_part(array, source, target) if part else None
    if pasted is not None:
        return pasted, (f"{path.name}: covers {checks.times(source.shape[::-1])} voxels of its scan; the rest is background.",)
    raise SSLSegmentationError("data.grid_mismatch", f"{path} lies on another grid than its scan: {_difference(source, target)}.")


def _thickness_notice(path: Path, source: Geometry, target: Geometry) -> Tuple[str, ...]:
    """On a single slice voxels of any thickness lie on the same places."""
    if np.allclose(sorted(source.spacing), sorted(target.spacing), rtol=0.01):
        return ()
    own, other = (" × ".join(f"{size:g}" for size in geometry.spacing) for geometry in (source, target))
    return (f"{path.name}: has voxels of {own} mm, its scan of {other} mm; the scan's are used.",)


def _difference(source: Geometry, target: Geometry) -> str:
    found = regrid.index_map(source, target)
    turned = regrid.reoriented(source, *found) if found else source
    if turned.shape != target.shape:
        return f"{checks.times(source.shape[::-1])} voxels against {checks.times(target.shape[::-1])}"
    distance = float(np.linalg.norm(turned.corners() - target.corners(), axis=1).max())
    return f"shifted by up to {distance:.3g} mm ({target.largest_shift(turned):.3g} voxels)"


def _table(path: Path, array: UnsignedArray, own: Optional[TissueTable], given: Optional[TissueTable]) -> TissueTable:
    values, counts = present_values(array)
    if given is None:
        return own if own is not None else TissueTable.from_values(values)
    unknown = [(value, count) for value, count in zip(values, counts) if given.find(value) is None]
    if unknown and given.given:
        listed = ", ".join(f"{value} ({counted(count, 'voxel')})" for value, count in unknown[:10])
        raise SSLSegmentationError("data.unknown_label", f"{path} holds values that the tissue table lacks: {listed}.")
    if not unknown:
        return given
    extra = own if own is not None else TissueTable.from_values(value for value, _ in unknown)
    added = [tissue for tissue in extra if given.find(tissue.value) is None]
    return replace(TissueTable.of([*given, *added]), given=given.given)


def present_values(array: UnsignedArray) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """The values other than 0 and the voxels of each."""
    if array.dtype.itemsize <= 2:
        # In pieces: bincount turns what it counts into 64-bit numbers.
        flat, length = array.reshape(-1), int(array.max(initial=0)) + 1
        pieces = range(0, flat.size, COUNTED_AT_ONCE)
        counts = sum(
            (np.bincount(flat[start : start + COUNTED_AT_ONCE], minlength=length) for start in pieces), np.zeros(length, int)
        )
        values = np.flatnonzero(counts)
        found = [(int(value), int(counts[value])) for value in values if value]
    else:
        unique, number = np.unique(array, return_counts=True)
        found = [(int(value), int(count)) for value, count in zip(unique, number) if value]
    return tuple(value for value, _ in found), tuple(count for _, count in found)
