"""Compares every tissue of a prediction with the reference: cuts both out, asks each kind of comparison, adds the states."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import ABSENT, NOT_APPLICABLE, Measure, MeasureRow, states_of
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.agreement.pair import Agreement, TissuePair, joint_box
from SSLSegmentationLib.imaging.biomarkers.checks import require_finite, require_known_labels, require_same_grid, volume_name
from SSLSegmentationLib.imaging.biomarkers.measuring import Cancelled, Progress, tissues_to_list
from SSLSegmentationLib.imaging.biomarkers.region import Box, find_boxes, slice_axis_of, touches_faces
from SSLSegmentationLib.imaging.scan import LabelMap, Scan


def columns(agreements: Mapping[str, Agreement]) -> Tuple[Measure, ...]:
    """The columns of a table of these comparisons, in order."""
    return tuple(measure for agreement in agreements.values() for measure in agreement.measures)


def compare_tissues(
    prediction: LabelMap,
    reference: LabelMap,
    *,
    agreements: Mapping[str, Agreement],
    scan: Optional[Scan],
    tissues: Optional[TissueTable],
    scan_name: str,
    on_progress: Optional[Progress],
    cancelled: Optional[Cancelled],
) -> List[MeasureRow]:
    """See `evaluate` of this room; `agreements` is its table."""
    names = volume_name(prediction, "the prediction"), volume_name(reference, "the reference")
    require_same_grid(prediction.geometry, name=names[0], other=reference.geometry, other_name=names[1])
    if scan is not None:
        image_name = volume_name(scan, "the image")
        require_same_grid(reference.geometry, name=names[1], other=scan.geometry, other_name=image_name)
        require_finite(scan, name=image_name)
    table = joint_table(prediction.tissues, reference.tissues) if tissues is None else tissues
    predicted, true = find_boxes(prediction.array), find_boxes(reference.array)
    require_known_labels(predicted, tissues=table, name=names[0])
    require_known_labels(true, tissues=table, name=names[1])
    empty = {measure.name: None for measure in columns(agreements)}
    rows = []
    listed = tissues_to_list(sorted({*predicted, *true}), tissues=table)
    for number, tissue in enumerate(listed):
        if cancelled is not None and cancelled():
            raise SSLSegmentationError(
                "job.cancelled", f"Comparing {scan_name or names[0]} was cancelled.", hint="Start it again."
            )
        boxes = predicted.get(tissue.value), true.get(tissue.value)
        values: Dict[str, Optional[float]] = dict(empty)
        pair = _cut(prediction, reference, label=tissue.value, box=joint_box(*boxes), scan=scan)
        if pair is not None:
            for agreement in agreements.values():
                values.update(agreement.compute(pair))
        rows.append(MeasureRow(scan_name, tissue.name, tissue.value, _states(pair, true_box=boxes[1]), values))
        if on_progress is not None:
            on_progress((number + 1) / len(listed))
    return rows


def joint_table(prediction: TissueTable, reference: TissueTable) -> TissueTable:
    """The reference's tissues, and those that only the prediction names."""
    known = set(reference.values)
    return TissueTable.of((*reference, *(tissue for tissue in prediction if tissue.value not in known)))


def _cut(
    prediction: LabelMap, reference: LabelMap, *, label: int, box: Optional[Box], scan: Optional[Scan]
) -> Optional[TissuePair]:
    if box is None:
        return None
    return TissuePair(
        prediction=prediction.array[box] == label,
        reference=reference.array[box] == label,
        geometry=reference.geometry,
        slice_axis=slice_axis_of(reference.geometry),
        image=None if scan is None else scan.array[box],
    )


def _states(pair: Optional[TissuePair], *, true_box: Optional[Box]) -> Tuple[str, ...]:
    """`not_applicable`: the reference lacks the tissue; `absent`: only the prediction does; else of the reference's voxels."""
    if pair is None or true_box is None:
        return (NOT_APPLICABLE,)
    predicted, true = pair.counts
    states = states_of(voxels=true, touches_border=touches_faces(true_box, pair.geometry))
    return states if predicted else (ABSENT, *states)
