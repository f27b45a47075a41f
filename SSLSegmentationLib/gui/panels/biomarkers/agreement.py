"""Two segmentations compared by the names of their segments, since their label values may differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES, Measure, MeasureRow
from SSLSegmentationLib.contract.tissue_file import write_tissues
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Steps
from SSLSegmentationLib.gui.panels.biomarkers.rows import rows_of
from SSLSegmentationLib.gui.scene.label_layers import LabelLayer
from SSLSegmentationLib.gui.scene.raw_nrrd import write_raw_nrrd
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.worker_steps import request_steps
from SSLSegmentationLib.imaging.geometry import Geometry

# A segment's name to the place of its layer and its tissue.
Named = Mapping[str, Tuple[int, Tissue]]


def agreement_columns() -> Tuple[Measure, ...]:
    return tuple(AGREEMENT_MEASURES.values())


def compare(
    session: Session,
    folder: Path,
    layers: Sequence[LabelLayer],
    reference: Sequence[LabelLayer],
    *,
    image: Path,
    grid: Geometry,
    scan: str,
) -> Steps[Tuple[MeasureRow, ...]]:
    """One row per segment of either, as `sslseg evaluate` has them: one that the segmentation lacks was missed (Dice 0), one
    that the reference lacks has nothing to be compared with. Raises `data.unpaired` where they share no name."""
    ours, theirs = _named(layers), _named(reference)
    if not set(ours) & set(theirs):
        raise SSLSegmentationError(
            "data.unpaired",
            _("No segment has a counterpart of the same name in the reference."),
            hint=_("Give the segments the same names."),
        )
    # Overlapping segments lie in layers of their own, so each pair of layers is compared by itself.
    groups: Dict[Tuple[int, int], List[Tissue]] = {}
    for tissue in _joint(ours, theirs):
        pair = tuple(known[tissue.name][0] if tissue.name in known else 0 for known in (ours, theirs))
        groups.setdefault((pair[0], pair[1]), []).append(tissue)
    rows: List[MeasureRow] = []
    for (one, other), tissues in groups.items():
        words = ["evaluate"]
        for role, layer, known in (("prediction", layers[one], ours), ("reference", reference[other], theirs)):
            values = {known[tissue.name][1].value: tissue.value for tissue in tissues if tissue.name in known}
            path = yield from _save(layer, values, folder / f"{role}.nrrd", grid)
            words += [f"--{role}", str(path)]
        write_tissues(folder / "compared.json", TissueTable.of(tissues, given=True))
        words += ["--image", str(image), "--tissues", str(folder / "compared.json")]
        words += ["--output", str(folder / "agreement.csv"), "--json"]
        request = yield from request_steps(session.local, words, _("Comparing with the reference"))
        rows += rows_of(request.json()["rows"], scan=scan)
    return tuple(sorted(rows, key=lambda row: row.label))


def _save(layer: LabelLayer, values: Mapping[int, int], path: Path, grid: Geometry) -> Steps[Path]:
    labels = yield from layer.relabelled(values)
    return (yield from write_raw_nrrd(path, grid, lambda: labels, text=_("Saving the segments")))


def _named(layers: Sequence[LabelLayer]) -> Named:
    return {tissue.name: (place, tissue) for place, layer in enumerate(layers) for tissue in layer.tissues}


def _joint(ours: Named, theirs: Named) -> List[Tissue]:
    """Our tissues, then those that only the reference has, with values that are free."""
    joint = [tissue for _place, tissue in ours.values()]
    free = max(tissue.value for tissue in joint) + 1
    others = [tissue for name, (_place, tissue) in theirs.items() if name not in ours]
    return joint + [replace(tissue, value=free + number) for number, tissue in enumerate(others)]
