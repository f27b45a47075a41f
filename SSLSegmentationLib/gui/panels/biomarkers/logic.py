"""A segmentation to its biomarkers: saves label maps and volume for the local worker, measures, and fills tables."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES, BIOMARKER_MEASURES, Measure, MeasureRow, map_measures
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.scene import segmentations, volumes
from SSLSegmentationLib.gui.scene.segments import MODALITY_TAG, tag_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging.table import write_table

MAP_NAME = "map"
# The columns that are not measures.
_ROW_KEYS = ("scan", "tissue", "label", "state")


@dataclass(frozen=True)
class Measured:
    """The rows of a table and their columns; `slices` has, per slice, its index, position in mm and the areas in mm²."""

    rows: Tuple[MeasureRow, ...]
    columns: Tuple[Measure, ...]
    slices: Tuple[Mapping[str, Any], ...] = ()
    agreement: Tuple[MeasureRow, ...] = ()


def measure(
    session: Session,
    volume: Any,
    segmentation: Any,
    *,
    parameter_map: Any = None,
    reference: Any = None,
) -> Steps[Measured]:
    """Biomarkers of every segment on the volume's grid, and the agreement with a reference segmentation.

    Segments may overlap: each group that does not is measured on its own. Raises what `sslseg measure` raises.
    """
    session.local.warm()
    folder = session.new_folder("measure")
    try:
        image = yield from volumes.export_volume(volume, folder / "scan.nrrd")
        extra: List[str] = []
        if parameter_map is not None:
            path = yield from volumes.export_volume(parameter_map, folder / "map.nrrd")
            extra = ["--map", f"{MAP_NAME}={path}"]
        layers = yield from segmentations.label_layers(segmentation, volume)
        if not layers:
            raise SSLSegmentationError(
                "data.empty",
                _("The segmentation '{name}' has no segments.").format(name=segmentation.GetName()),
                hint=_("Apply a model, or draw segments in the Segment Editor."),
            )
        rows: List[MeasureRow] = []
        slices: List[Mapping[str, Any]] = []
        name = volumes.name_of(volume)
        for number, layer in enumerate(layers):
            labels = yield from segmentations.export_label_map(layer, volume, folder / f"labels-{number}.nrrd")
            tissues = folder / f"tissues-{number}.json"
            write_tissues(tissues, layer.tissues)
            words = ["measure", "--image", str(image), "--labels", str(labels), "--tissues", str(tissues), *extra]
            words += ["--output", str(folder / f"table-{number}.csv"), "--slice-areas", str(folder / f"slices-{number}.csv")]
            request = yield from request_steps(session.local, [*words, "--json"], _("Measuring"))
            facts = request.json()
            rows += _rows(facts["rows"], scan=name)
            slices += facts["slice_areas"]["rows"]
        agreement: Tuple[MeasureRow, ...] = ()
        if reference is not None:
            agreement = yield from _compare(session, folder, volume, segmentation, reference, image=image)
        columns = tuple(BIOMARKER_MEASURES.values()) + (map_measures(MAP_NAME) if extra else ())
        return Measured(tuple(rows), columns, tuple(slices), agreement)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rows(records: Sequence[Mapping[str, Any]], *, scan: str) -> List[MeasureRow]:
    return [
        MeasureRow(
            scan=scan,
            tissue=str(record["tissue"]),
            label=int(record["label"]),
            states=tuple(part for part in str(record["state"]).split(";") if part),
            values={key: value for key, value in record.items() if key not in _ROW_KEYS},
        )
        for record in records
    ]


def _compare(
    session: Session, folder: Path, volume: Any, segmentation: Any, reference: Any, *, image: Path
) -> Steps[Tuple[MeasureRow, ...]]:
    """Agreement of the segments that have the same name in both; compared by name, since label values may differ."""
    ours = yield from segmentations.label_layers(segmentation, volume)
    theirs = yield from segmentations.label_layers(reference, volume)
    by_name = {tissue.name: (layer, tissue) for layer in theirs for tissue in layer.tissues}
    rows: List[MeasureRow] = []
    for layer in ours:
        for tissue in layer.tissues:
            if tissue.name not in by_name:
                continue
            other, counterpart = by_name[tissue.name]
            one = layer.only(tissue.value)
            two = other.only(counterpart.value)
            words = ["evaluate"]
            for role, single in (("prediction", one), ("reference", two)):
                path = yield from segmentations.export_label_map(single, volume, folder / f"{role}.nrrd")
                words += [f"--{role}", str(path)]
            tissues = folder / "compared.json"
            tissues.write_text(json.dumps([{**tissue.as_dict(), "value": 1}]), encoding="utf-8")
            words += ["--image", str(image), "--tissues", str(tissues), "--output", str(folder / "agreement.csv"), "--json"]
            request = yield from request_steps(session.local, words, _("Comparing with the reference"))
            rows += [
                MeasureRow(row.scan, row.tissue, tissue.value, row.states, row.values)
                for row in _rows(request.json()["rows"], scan=volumes.name_of(volume))
            ]
    if not rows:
        raise SSLSegmentationError(
            "data.unpaired",
            _("No segment of '{name}' has a counterpart of the same name in '{reference}'.").format(
                name=segmentation.GetName(), reference=reference.GetName()
            ),
            hint=_("Give the segments the same names."),
        )
    return tuple(rows)


def units(volume: Any, segmentation: Any) -> Dict[str, str]:
    """What the unit "image" of a table stands for: HU where the volume, or the model that was applied, is known to be CT."""
    content = segmentation.GetSegmentation()
    tags = {tag_of(content.GetNthSegment(number), MODALITY_TAG) for number in range(content.GetNumberOfSegments())}
    return {"image": "HU"} if "ct" in (volumes.modality_of(volume) or "", *tags) else {}


def agreement_columns() -> Tuple[Measure, ...]:
    return tuple(AGREEMENT_MEASURES.values())


def slice_columns(measured: Measured) -> Dict[str, List[Optional[float]]]:
    """Columns of the table by slice: position in mm, then the area of each tissue in mm²."""
    positions: Dict[int, float] = {}
    areas: Dict[str, Dict[int, float]] = {}
    for record in measured.slices:
        index = int(record["slice_index"])
        positions[index] = float(record["position_mm"])
        areas.setdefault(str(record["tissue"]), {})[index] = float(record["csa_mm2"])
    order = sorted(positions)
    columns: Dict[str, List[Optional[float]]] = {"position": [positions[index] for index in order]}
    for tissue, values in areas.items():
        columns[tissue] = [values.get(index, 0.0) for index in order]
    return columns


def save_csv(measured: Measured, path: Path) -> None:
    """The table as `sslseg measure` writes it. Raises `disk.*`."""
    write_table(path, list(measured.rows), columns=measured.columns)
