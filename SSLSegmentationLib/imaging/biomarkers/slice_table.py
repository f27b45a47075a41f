"""Areas by slice beside the biomarkers: the columns of one named slice, and the table of all slices."""

from __future__ import annotations

import contextlib
import csv
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from SSLSegmentationLib.contract.files import PathLike, replacing
from SSLSegmentationLib.contract.measures import MeasureRow
from SSLSegmentationLib.imaging.biomarkers.slices import SliceAreas
from SSLSegmentationLib.imaging.table import writable

SLICE_COLUMNS = {"scan": "", "tissue": "", "label": "", "slice_index": "", "position_mm": "mm", "csa_mm2": "mm²"}


@dataclass(frozen=True)
class ScanSlices:
    """The areas of one scan by slice, and its rows of biomarkers, which name scan and tissues."""

    areas: SliceAreas
    rows: Tuple[MeasureRow, ...]


def with_slice(row: MeasureRow, *, areas: SliceAreas, index: int) -> MeasureRow:
    """A row with the area in one slice: 0 where the tissue lies elsewhere, None where the scan lacks it."""
    found = areas.by_label.get(row.label)
    area, number = (None, None) if found is None else (found[index], index)
    return replace(row, values={**row.values, "csa_slice_mm2": area, "csa_slice_index": number})


def slice_records(scans: Iterable[ScanSlices]) -> Iterator[Dict[str, Any]]:
    """One dict for every tissue that a scan has and every slice, with the keys of `SLICE_COLUMNS`; positions in RAS mm."""
    for one in scans:
        places = one.areas.positions_ras_mm
        for row in one.rows:
            names = {"scan": writable(row.scan), "tissue": writable(row.tissue), "label": row.label}
            for index, area in enumerate(one.areas.by_label.get(row.label, ())):
                yield {**names, "slice_index": index, "position_mm": places[index], "csa_mm2": area}


@contextlib.contextmanager
def writing_slice_areas(path: PathLike, scans: Iterable[ScanSlices]) -> Iterator[None]:
    """Writes the table of all slices (UTF-8, commas, full precision) beside `path`, which it replaces if the block passes."""
    with replacing(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(SLICE_COLUMNS), lineterminator="\n")
            writer.writeheader()
            writer.writerows(slice_records(scans))
        yield


def mixed_axes(scans: Sequence[ScanSlices]) -> List[str]:
    """A warning where the slices of the scans lie across different patient axes, so that positions are not comparable."""
    examples: Dict[str, str] = {}
    for one in scans:
        if one.rows:
            examples.setdefault(one.areas.axis_name, one.rows[0].scan)
    if len(examples) < 2:
        return []
    listed = ", ".join(f"{axis} (such as {name})" for axis, name in examples.items())
    return [f"The scans' slices follow one another along different axes: {listed}. Slices are not comparable across them."]
