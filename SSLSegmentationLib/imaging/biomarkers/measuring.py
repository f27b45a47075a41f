"""Measures every tissue of one scan: cuts it out, asks each biomarker, adds the maps and the states."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import Measure, MeasureRow, map_measures, states_of
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue
from SSLSegmentationLib.imaging.biomarkers.checks import require_finite, require_known_labels, require_same_grid, volume_name
from SSLSegmentationLib.imaging.biomarkers.intensity import percentiles, spread
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker, Box, Region, find_boxes, slice_axis_of, touches_faces
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


def columns(biomarkers: Mapping[str, Biomarker], *, maps: Tuple[str, ...] = ()) -> Tuple[Measure, ...]:
    """The columns of a table of these biomarkers and maps, in order."""
    own = tuple(measure for biomarker in biomarkers.values() for measure in biomarker.measures)
    return own + tuple(measure for name in maps for measure in map_measures(name))


def tissues_to_list(found: Iterable[int], *, tissues: TissueTable) -> List[Tissue]:
    """The tissues of the table, then those that only the label map knows."""
    named = set(tissues.values)
    return [*tissues, *(default_tissue(value) for value in found if value not in named)]


def measure_tissues(
    scan: Scan,
    label_map: LabelMap,
    *,
    biomarkers: Mapping[str, Biomarker],
    tissues: Optional[TissueTable],
    maps: Mapping[str, Scan],
    scan_name: str,
    on_progress: Optional[Progress],
    cancelled: Optional[Cancelled],
) -> List[MeasureRow]:
    """See `measure` of this room; `biomarkers` is its table."""
    image_name = volume_name(scan, "the image")
    label_name = volume_name(label_map, "the label map")
    require_same_grid(label_map.geometry, name=label_name, other=scan.geometry, other_name=image_name)
    for name, extra in maps.items():
        require_same_grid(extra.geometry, name=volume_name(extra, f"the map {name}"), other=scan.geometry, other_name=image_name)
    require_finite(scan, name=image_name)
    table = label_map.tissues if tissues is None else tissues
    boxes = find_boxes(label_map.array)
    require_known_labels(boxes, tissues=table, name=label_name)
    listed = tissues_to_list(boxes, tissues=table)
    axis = slice_axis_of(scan.geometry)
    empty = {measure.name: None for measure in columns(biomarkers, maps=tuple(maps))}
    rows = []
    for number, tissue in enumerate(listed):
        if cancelled is not None and cancelled():
            raise SSLSegmentationError(
                "job.cancelled", f"Measuring {scan_name or image_name} was cancelled.", hint="Start it again."
            )
        values: Dict[str, Optional[float]] = dict(empty)
        region = _cut(scan, label_map, label=tissue.value, box=boxes.get(tissue.value), slice_axis=axis)
        if region is not None:
            for biomarker in biomarkers.values():
                values.update(biomarker.compute(region))
            for name, extra in maps.items():
                values.update(_measure_map(region, extra=extra, name=name))
        touches = region is not None and touches_faces(region.box, scan.geometry)
        states = states_of(voxels=0 if region is None else region.voxels, touches_border=touches)
        rows.append(MeasureRow(scan_name, tissue.name, tissue.value, states, values))
        if on_progress is not None:
            on_progress((number + 1) / len(listed))
    return rows


def _cut(scan: Scan, label_map: LabelMap, *, label: int, box: Optional[Box], slice_axis: int) -> Optional[Region]:
    if box is None:
        return None
    mask = label_map.array[box] == label
    return Region(label, box, mask, scan.array[box][mask], scan.geometry, slice_axis)


def _measure_map(region: Region, *, extra: Scan, name: str) -> Dict[str, Optional[float]]:
    """Mean, SD and median over the voxels that have a value; the others are counted."""
    all_values = extra.array[region.box][region.mask]
    values = all_values[np.isfinite(all_values)]
    missing = {f"{name}_missing_voxels": int(all_values.size - values.size)}
    if values.size == 0:
        return {f"{name}_mean": None, f"{name}_sd": None, f"{name}_median": None, **missing}
    moments = spread(values)
    return {
        f"{name}_mean": moments.mean,
        f"{name}_sd": moments.sd,
        f"{name}_median": percentiles(values, (50,))[0],
        **missing,
    }
