"""The segments of a .seg.nrrd: names, colours, terminology, and layers merged into one label map."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Color, Tissue, TissueTable, default_tissue
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.readers.scan_file import Array

TERMINOLOGY_TAG = "TerminologyEntry"


@dataclass(frozen=True)
class Segment:
    """One segment: the voxels of `layer` that hold `value`."""

    name: str
    value: int
    layer: int
    color: Optional[Color]
    terminology: str


def parse_segments(path: Path, fields: Mapping[str, str], *, layers: int) -> Tuple[Segment, ...]:
    """Segments in the order of the file, which has `layers`; empty where it has none."""
    numbers = sorted({int(match.group(1)) for match in (re.match(r"Segment(\d+)_", key) for key in fields) if match})
    # Files of older versions of Slicer do not say which layer a segment is in: each is in its own.
    return tuple(_segment(path, fields, number, layer=index if layers > 1 else 0) for index, number in enumerate(numbers))


def _segment(path: Path, fields: Mapping[str, str], number: int, *, layer: int) -> Segment:
    """`layer` counts where the file does not say it."""
    prefix = f"Segment{number}_"
    try:
        value = int(fields.get(prefix + "LabelValue", "1"))
        layer = int(fields.get(prefix + "Layer", layer))
        color = _color(fields[prefix + "Color"]) if prefix + "Color" in fields else None
    except (ValueError, OverflowError) as error:
        raise SSLSegmentationError("data.damaged", f"{path}: segment {number} has an invalid entry ({error}).") from error
    name = fields.get(prefix + "Name") or fields.get(prefix + "ID") or f"Segment_{number + 1}"
    return Segment(name, value, layer, color, _tags(fields.get(prefix + "Tags", "")).get(TERMINOLOGY_TAG, ""))


def _color(text: str) -> Color:
    parts = [min(255, max(0, round(float(part) * 255))) for part in text.split()]
    if len(parts) != 3:
        raise ValueError(f"colour '{text}'")
    return (parts[0], parts[1], parts[2])


def _tags(text: str) -> Dict[str, str]:
    """ "key:value|key:value|" as a dict."""
    return {key: value for key, mark, value in (part.partition(":") for part in text.split("|")) if mark}


def merge_layers(path: Path, layers: Array, segments: Tuple[Segment, ...]) -> Tuple[Array, TissueTable, Tuple[str, ...]]:
    """One label map from layers (layers, slices, rows, columns) of whole numbers; repeated values get new ones.

    Raises `data.not_labels` where two segments share a voxel. A value that no segment declares keeps its number.
    """
    _check_segments(path, layers, segments)
    values = distinct_values(segments)
    merged = np.zeros(layers.shape[1:], np.uint32)
    tissues: List[Tissue] = []
    warnings: List[str] = []
    for number, layer in enumerate(layers):
        here = [(segment, value) for segment, value in zip(segments, values) if segment.layer == number]
        declared = {segment.value for segment, _ in here}
        strays = [int(value) for value in np.unique(layer) if value != 0 and int(value) not in declared]
        for stray in strays:
            value = (
                stray
                if stray not in values and stray not in [tissue.value for tissue in tissues]
                else _next_free(values, tissues)
            )
            here.append((Segment(f"label_{value}", stray, number, None, ""), value))
            warnings.append(f"{path.name}: value {stray} belongs to no segment; it is called label_{value}.")
        for segment, value in here:
            inside = layer == segment.value
            _check_overlap(path, segment.name, merged[inside], tissues)
            merged[inside] = value
            fallback = default_tissue(value, segment.name)
            tissues.append(Tissue(value, segment.name, segment.color or fallback.color, segment.terminology))
            if value != segment.value and segment in segments:
                warnings.append(f"{path.name}: segment '{segment.name}' has value {segment.value} in its layer and gets {value}.")
    return merged, TissueTable.of(tissues), tuple(warnings)


def _check_segments(path: Path, layers: Array, segments: Tuple[Segment, ...]) -> None:
    for segment in segments:
        if not 0 <= segment.layer < len(layers) or segment.value <= 0:
            raise SSLSegmentationError(
                "data.damaged",
                f"{path}: segment '{segment.name}' has value {segment.value} in layer {segment.layer}, which cannot be.",
            )
    places = [(segment.layer, segment.value) for segment in segments]
    if len(set(places)) < len(places):
        raise SSLSegmentationError("data.damaged", f"{path}: two segments have the same value in the same layer.")


def distinct_values(segments: Tuple[Segment, ...]) -> List[int]:
    """The segments' own values where they are distinct; the next free number for a repeated one."""
    wanted = {segment.value for segment in segments}
    values: List[int] = []
    for segment in segments:
        value = segment.value
        if value in values:
            value = next(
                number for number in range(1, len(segments) + len(wanted) + 2) if number not in wanted and number not in values
            )
        values.append(value)
    return values


def _next_free(values: List[int], tissues: List[Tissue]) -> int:
    return max([*values, *(tissue.value for tissue in tissues)], default=0) + 1


def _check_overlap(path: Path, name: str, taken: Array, tissues: List[Tissue]) -> None:
    others = [tissue.name for tissue in tissues if (taken == tissue.value).any()]
    if others:
        raise SSLSegmentationError(
            "data.not_labels",
            f"{path}: segment '{name}' overlaps with '{', '.join(others)}' in {counted(int(np.count_nonzero(taken)), 'voxel')}; "
            "a label map holds one tissue per voxel.",
            hint="Subtract one from the other in the Segment Editor (Logical operators), or export them to separate files.",
        )
