"""Making sure that one case has a sound entry: reuse, rebuild where damaged, build beside and rename."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import disk_errors
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.cache.entry import (
    IMAGE_NAME,
    LABEL_NAME,
    EntryFacts,
    file_checksum,
    read_facts,
    write_array,
    write_facts,
)
from SSLSegmentationLib.imaging.cache.folder import unfinished_folder
from SSLSegmentationLib.imaging.cache.key import entry_key
from SSLSegmentationLib.imaging.dataset import read_case, read_case_label
from SSLSegmentationLib.imaging.preprocess import PreparedSource, PreprocessPlan, open_prepared, prepare_labels
from SSLSegmentationLib.imaging.preprocess.resampling import slabs
from SSLSegmentationLib.imaging.scan import Case

# Times that an entry is published again after another process put one in the way.
_ATTEMPTS = 5


@dataclass(frozen=True)
class EntryRequest:
    """Everything that a worker needs to make one entry."""

    case: Case
    plan: PreprocessPlan
    tissues: Optional[TissueTable]
    folder: Path


@dataclass(frozen=True)
class EntryOutcome:
    """Where a case's entry lies and what it holds, or the error (code, message, hint) that kept it from being made."""

    path: Optional[Path] = None
    facts: Optional[EntryFacts] = None
    warnings: Tuple[str, ...] = ()
    error: Optional[Tuple[str, str, str]] = None


def ensure_entry(request: EntryRequest) -> EntryOutcome:
    """The sound entry of a case, made where there is none. Errors come back as data, so that they cross processes."""
    case = request.case
    try:
        path = request.folder / entry_key(case, request.plan, request.tissues)
        warnings: Tuple[str, ...] = ()
        if path.exists():
            facts = read_facts(path)
            if facts is not None:
                return EntryOutcome(path, facts, facts.warnings)
            warnings = (f"The cached copy of case '{case.id}' was damaged; it was made again.",)
        with disk_errors(request.folder):
            facts = _build(request, path)
        return EntryOutcome(path, facts, facts.warnings + warnings)
    except SSLSegmentationError as error:
        return EntryOutcome(error=(error.code, _named(case, error.message), error.hint))
    except MemoryError:
        return EntryOutcome(error=("memory.host", f"Case '{case.id}' ({case.images[0]}) does not fit into memory.", ""))


def _named(case: Case, message: str) -> str:
    where = "" if any(str(path) in message for path in (*case.images, case.label)) else f" ({case.images[0]})"
    return f"Case '{case.id}'{where}: {message}"


def _build(request: EntryRequest, path: Path) -> EntryFacts:
    """Reads and prepares the case, writes it beside, and publishes it under `path`."""
    case = request.case
    scans = read_case(case)
    source = open_prepared(scans, request.plan)
    label: Optional[npt.NDArray[np.uint8]] = None
    notes = [warning for scan in scans for warning in scan.warnings]
    if case.label is not None and request.tissues is not None:
        label_map = read_case_label(case, tissues=request.tissues, geometry=scans[0].geometry)
        label = prepare_labels(label_map, source.grid, request.tissues)
        notes += label_map.warnings
    unfinished = unfinished_folder(request.folder)
    try:
        facts = _write(unfinished, source, label, request.tissues, tuple(dict.fromkeys([*notes, *source.warnings])))
        _publish(unfinished, path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return facts


def _write(
    folder: Path,
    source: PreparedSource,
    label: Optional[npt.NDArray[np.uint8]],
    tissues: Optional[TissueTable],
    warnings: Tuple[str, ...],
) -> EntryFacts:
    blocks = ((start, source.read(start, stop)) for start, stop in slabs(source.grid.shape))
    write_array(folder / IMAGE_NAME, source.shape, np.float32, blocks)
    names = [IMAGE_NAME]
    class_slices: Tuple[Tuple[int, ...], ...] = ()
    if label is not None:
        write_array(folder / LABEL_NAME, (1, *label.shape), np.uint8, [(0, label[None])])
        names.append(LABEL_NAME)
        present = np.array([np.bincount(plane.reshape(-1), minlength=256) > 0 for plane in label])
        class_slices = tuple(tuple(np.flatnonzero(present[:, 1 + number]).tolist()) for number in range(len(tissues or ())))
    facts = EntryFacts(
        files={name: ((folder / name).stat().st_size, file_checksum(folder / name)) for name in names},
        class_slices=class_slices,
        spacing=source.grid.spacing,
        warnings=warnings,
    )
    write_facts(folder, facts)
    return facts


def _publish(unfinished: Path, path: Path) -> None:
    """Renames an entry to its final name; one that another process published meanwhile is as good, a damaged one goes."""
    for _ in range(_ATTEMPTS):
        if _renamed(unfinished, path) or read_facts(path) is not None:
            return
        # Moved away under a name that a later start clears, should this process die in between.
        aside = unfinished_folder(path.parent)
        _renamed(path, aside / path.name)
        shutil.rmtree(aside, ignore_errors=True)
    unfinished.rename(path)


def _renamed(source: Path, target: Path) -> bool:
    """Whether the rename was done; it is not where a folder is in the way or the source is gone."""
    try:
        source.rename(target)
    except OSError:
        return False
    return True
