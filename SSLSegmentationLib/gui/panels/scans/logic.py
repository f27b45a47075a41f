"""What the chosen folders, data sets and nodes hold: found quickly by headers, then looked at in detail beside the window."""

from __future__ import annotations

import contextlib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from SSLSegmentationLib.contract.config import DataConfig
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissue_file import read_tissues
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue
from SSLSegmentationLib.gui.data_choice import DataChoice, labelled_cases
from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.panels.scans.details import OnRow, read_details
from SSLSegmentationLib.gui.panels.scans.rows import Found, FoundLabel, FoundRow, told_modality
from SSLSegmentationLib.gui.panels.scans.scene_rows import is_there, scene_row
from SSLSegmentationLib.gui.panels.scans.state import ScansState, SceneScan
from SSLSegmentationLib.gui.scene.label_layers import segment_tissues
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.state import is_node_field, is_path_field
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.imaging.dataset import find_cases
from SSLSegmentationLib.imaging.dataset.case_list import CaseList
from SSLSegmentationLib.imaging.dataset.splits import check_known, read_splits
from SSLSegmentationLib.imaging.dataset.usable import joined_tissues
from SSLSegmentationLib.imaging.readers.opening import open_scan
from SSLSegmentationLib.imaging.readers.segments import distinct_values, parse_segments
from SSLSegmentationLib.imaging.scan import Case

PREFIX = "scans"
# Where a folder of label maps, or the one above it, says what its values are.
TISSUE_FILES = ("tissues.json", "tissues.csv")
# In the settings: what was chosen last.
LAST_SCANS = "lastScans"
_KEPT = tuple(field.name for field in fields(ScansState) if not is_node_field(field) and not is_path_field(field))
_NO_PATHS: Dict[str, Any] = {field.name: "" for field in fields(ScansState) if is_path_field(field)}
_ROWS_OF_STEP = 200


def load_state(session: Session) -> ScansState:
    """What the panel Scans remembers; in a scene that knows nothing of it, what was chosen last."""
    state: ScansState = session.store.load(ScansState, prefix=PREFIX)
    kept = session.settings.get(LAST_SCANS)
    if not isinstance(kept, dict):
        return state
    if replace(state, **_NO_PATHS) != ScansState():
        # The paths are this computer's: tissues that were found in other scans came with the scene.
        foreign = not state.own_tissues and state.tissues != kept.get("tissues")
        return replace(state, tissues=[]) if foreign else state
    usable = {name: kept[name] for name in _KEPT if isinstance(kept.get(name), type(getattr(state, name)))}
    with contextlib.suppress(ValueError):
        state = replace(state, **usable)
        session.store.save(state, prefix=PREFIX)
    return state


def save_state(session: Session, state: ScansState) -> None:
    """Keeps the state: its paths in the settings, the rest in the scene and, but for nodes, as what was chosen last.

    A labelled scan whose nodes go before it was saved stays as one that is lost.
    """
    session.store.save(state, prefix=PREFIX)
    kept = {field: getattr(state, field) for field in _KEPT}
    if session.settings.get(LAST_SCANS) != kept:
        session.settings.set(LAST_SCANS, kept)


def change_state(session: Session, state: ScansState) -> None:
    """Keeps a state that was changed outside of the panel Scans, and tells the panel."""
    save_state(session, state)
    session.change_state(state, name=PREFIX)


def add_pair(session: Session, volume: Any, segmentation: Any) -> ScansState:
    """Adds a volume of the scene with its segmentation to the labelled scans; gives the state, which is kept.

    Raises `data.missing` or `data.empty`.
    """
    return add_scan(session, SceneScan(volume.GetID(), segmentation.GetID()), segment_tissues(segmentation))


def add_scan(session: Session, scan: SceneScan, tissues: TissueTable) -> ScansState:
    """Adds a labelled scan, and those of its `tissues` that a tissue table lacks; an empty one stays so."""
    state = load_state(session)
    table = state.tissue_table()
    if len(table):
        state.set_tissues(joined_tissues(replace(table, given=False), [tissues]))
    state.add(scan)
    save_state(session, state)
    return state


def find(session: Session, state: ScansState, *, on_row: Optional[OnRow] = None) -> Steps[Found]:
    """What is there to learn from: every scan by its header, then label maps (and, `thorough`, all scans) by their voxels.

    A scan that cannot be used has a problem in its row and stops nothing. Left early, rows have been told to `on_row`.
    Raises only what is wrong with the worker: `environment.*`, `job.backend_*`, `disk.*`.
    """
    tell = on_row or (lambda position, row: None)
    rows: List[FoundRow] = []
    problems: List[str] = []
    tissues = TissueTable(())
    scene = [replace(scan, saved={}) if is_there(scan) else scan for scan in state.scene_scans()]
    # Those whose nodes are there have a row of the scene.
    choice = replace(DataChoice.of(state), added=tuple(scan.saved for scan in scene if scan.saved))
    for cases_of in (labelled_cases, _unlabelled_cases):
        yield Progress(_("Looking for scans"))
        try:
            found = cases_of(choice)
        except SSLSegmentationError as error:
            problems.append(f"{error.message} {error.hint}")
            continue
        tissues = tissues if len(tissues) else found.tissues
        # Folders name no channels: there these are what was chosen.
        modality = "" if cases_of is labelled_cases and choice.dataset is None else told_modality(found.channels)
        known = {path for row in rows for path in row.images}
        for number, case in enumerate(found.cases):
            # Unlabelled folders often hold the labelled scans as well.
            if not known.intersection(case.images):
                rows.append(replace(_row(case), modality=modality))
            if number % _ROWS_OF_STEP == 0:
                yield Progress(_("Looking for scans"))
    for position, row in enumerate(rows):
        yield Progress(_("Reading headers: {done} of {all}").format(done=position, all=len(rows)), position / len(rows))
        rows[position] = _with_header(row)
        tell(position, rows[position])
    for scan in (scan for scan in scene if not scan.saved):
        rows.append(scene_row(scan))
        tell(len(rows) - 1, rows[-1])
        yield Progress(_("Looking at the scene"))
    problems += _splits_problems(choice, rows)
    tissues = tissues if len(tissues) else _tissues_beside(choice)
    yield from read_details(session, rows, thorough=state.thorough, tell=tell)
    return Found(tuple(rows), tissues, tuple(problems))


def _tissues_beside(choice: DataChoice) -> TissueTable:
    """The tissue table that lies in or beside the folder of label maps; empty where there is none that can be read."""
    folder = Path(choice.labels) if choice.labels else None
    for place in () if folder is None else (folder, folder.parent):
        for name in TISSUE_FILES:
            if (place / name).is_file():
                with contextlib.suppress(SSLSegmentationError):
                    return read_tissues(place / name)
    return TissueTable(())


def _splits_problems(choice: DataChoice, rows: Sequence[FoundRow]) -> List[str]:
    if choice.splits is None or not rows:
        return []
    try:
        check_known(read_splits(Path(choice.splits)), [row.name for row in rows])
    except SSLSegmentationError as error:
        return [f"{error.message} {error.hint}"]
    return []


def _unlabelled_cases(choice: DataChoice) -> CaseList:
    if choice.unlabelled is None:
        return CaseList(())
    return find_cases(DataConfig(unlabelled=choice.unlabelled, modality=choice.modality))


def _row(case: Case) -> FoundRow:
    return FoundRow(
        name=case.id,
        images=tuple(dict.fromkeys(case.images)),
        label=case.label,
        volumes=len(case.images) if any(volume is not None for volume in case.volumes) else 1,
        labelled=case.label is not None,
        problems=tuple(_sentence(problem) for problem in case.problems),
    )


def _with_header(row: FoundRow) -> FoundRow:
    """The row with what the headers of its files say: nothing of the voxels is read."""
    if row.problems:
        return row
    try:
        opened = [open_scan(path) for path in row.images]
        for path, file in zip(row.images, opened):
            if file.volumes != row.volumes:
                one, several = (
                    _("{path} holds 1 volume, {wanted} expected."),
                    _("{path} holds {count} volumes, {wanted} expected."),
                )
                fact = one if file.volumes == 1 else several
                raise SSLSegmentationError("data.not_3d", fact.format(path=path.name, count=file.volumes, wanted=row.volumes))
        tissues = _named_tissues(row.label) if row.label is not None else TissueTable(())
    except SSLSegmentationError as error:
        return replace(row, problems=(*row.problems, error.message))
    slices, lines, columns = opened[0].geometry.shape
    across, down, between = opened[0].geometry.spacing
    labels = tuple(FoundLabel(tissue.value, tissue.name, named=True) for tissue in tissues)
    return replace(
        row,
        size=(columns, lines, slices),
        spacing=(across, down, between),
        tissues=tissues,
        labels=labels or row.labels,
        notes=tuple(dict.fromkeys(warning for file in opened for warning in file.warnings)),
    )


def _named_tissues(label: Path) -> TissueTable:
    """The segments that a label map's header names; empty for formats without names."""
    opened = open_scan(label)
    segments = parse_segments(label, opened.fields, layers=opened.volumes)
    return TissueTable.of(
        Tissue(value, segment.name, segment.color or default_tissue(value).color, segment.terminology)
        for value, segment in zip(distinct_values(segments), segments)
        if value > 0
    )


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
