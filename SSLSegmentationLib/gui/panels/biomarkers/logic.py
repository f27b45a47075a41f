"""A segmentation to its biomarkers: saves label maps and volume for the local worker, and has them measured."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES, Measure, MeasureRow, map_measures
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels.biomarkers.agreement import compare
from SSLSegmentationLib.gui.panels.biomarkers.rows import rows_of
from SSLSegmentationLib.gui.scene import segmentations, volumes
from SSLSegmentationLib.gui.scene.segments import MODALITY_TAG, tag_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging.table import write_table

MAP_NAME = "map"


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

    Segments may overlap: each group that does not is measured on its own. Raises what `sslseg measure` raises, and
    `data.grid_mismatch` where the parameter map has other voxels than the volume.
    """
    session.local.warm()
    folder = session.new_folder("measure")
    try:
        image = yield from volumes.export_volume(volume, folder / "scan.nrrd")
        extra: List[str] = []
        if parameter_map is not None:
            path = yield from volumes.export_volume(parameter_map, folder / "map.nrrd", onto=volume)
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
        name, grid = volumes.name_of(volume), volumes.geometry_of(volume)
        for number, layer in enumerate(layers):
            labels = yield from segmentations.export_label_map(layer, volume, folder / f"labels-{number}.nrrd")
            tissues = folder / f"tissues-{number}.json"
            write_tissues(tissues, layer.tissues)
            words = ["measure", "--image", str(image), "--labels", str(labels), "--tissues", str(tissues), *extra]
            words += ["--output", str(folder / f"table-{number}.csv"), "--slice-areas", str(folder / f"slices-{number}.csv")]
            request = yield from request_steps(session.local, [*words, "--json"], _("Measuring"))
            # Thousands of areas are read: in a step of its own.
            yield Progress(_("Measuring"), 1.0)
            facts = request.json()
            yield Progress(_("Measuring"), 1.0)
            rows += rows_of(facts["rows"], scan=name)
            slices += facts["slice_areas"]["rows"]
        agreement: Tuple[MeasureRow, ...] = ()
        if reference is not None:
            right = yield from segmentations.label_layers(reference, volume)
            agreement = yield from compare(session, folder, layers, right, image=image, grid=grid, scan=name)
        columns = tuple(BIOMARKER_MEASURES.values()) + (map_measures(MAP_NAME) if extra else ())
        return Measured(tuple(rows), columns, tuple(slices), agreement)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def units(volume: Any, segmentation: Any, *, parameter_map: Any = None, map_unit: str = "") -> Dict[str, str]:
    """What the units "image" and "map" of a table stand for, where it is known; `map_unit` is what a person says of the map."""
    image = volumes.unit_of(volume) or ("HU" if _is_ct(volume, segmentation) else "")
    of_map = map_unit or (volumes.unit_of(parameter_map) if parameter_map is not None else "")
    return {key: unit for key, unit in (("image", image), ("map", of_map)) if unit}


def _is_ct(volume: Any, segmentation: Any) -> bool:
    """Whether the volume is known to be CT. What the applied model was for counts only for the volume it was applied to."""
    if volumes.modality_of(volume) or volumes.dicom_modality(volume):
        return volumes.modality_of(volume) == "ct"
    if segmentations.volume_of(segmentation) is not volume:
        return False
    content = segmentation.GetSegmentation()
    return "ct" in {tag_of(content.GetNthSegment(number), MODALITY_TAG) for number in range(content.GetNumberOfSegments())}


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


def save_csv(path: Path, rows: Sequence[MeasureRow], columns: Sequence[Measure]) -> None:
    """A table as `sslseg measure` and `sslseg evaluate` write it. Raises `disk.*`."""
    write_table(path, list(rows), columns=columns)
