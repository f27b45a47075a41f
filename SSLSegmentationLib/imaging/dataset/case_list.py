"""A list of cases with what its description says about them, and the JSON reading that its sources share."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import is_scan_name, stem
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.scan import Case

# The names of the files in folders.
Listings = Dict[Path, FrozenSet[str]]


@dataclass(frozen=True)
class CaseList:
    """Cases of one data set. `tissues` are the names that its description gives (empty where it gives none)."""

    cases: Tuple[Case, ...]
    tissues: TissueTable = field(default_factory=lambda: TissueTable(()))
    channels: Tuple[str, ...] = ()
    warnings: Tuple[str, ...] = ()


def read_json(path: Path, *, what: str) -> Any:
    """The content of a JSON file; `data.missing`, `data.unreadable` or `data.dataset_invalid` where there is none."""
    if not path.is_file():
        raise SSLSegmentationError("data.missing", f"The {what} {path} does not exist.")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SSLSegmentationError("data.unreadable", f"The {what} {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SSLSegmentationError("data.dataset_invalid", f"The {what} {path} is not JSON: {error}.") from error


def scan_files(folder: Path, *, what: str) -> Dict[str, Path]:
    """Scan files directly in a folder, by stem in the order of names; hidden files are no scans."""
    if not folder.is_dir():
        raise SSLSegmentationError("data.missing", f"The folder of {what} {folder} does not exist.")
    found: Dict[str, Path] = {}
    try:
        # The folder's own listing tells folders from files: no file is asked one by one.
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if is_scan_name(entry.name) and not entry.is_dir())
    except OSError as error:
        raise SSLSegmentationError("data.unreadable", f"The folder {folder} cannot be listed: {error.strerror}.") from error
    for name in names:
        file = folder / name
        identity = stem(file)
        if identity in found:
            raise SSLSegmentationError(
                "data.dataset_invalid",
                f"{found[identity]} and {name} have the same name less their suffix.",
                hint="Rename one.",
            )
        found[identity] = file
    if not found:
        raise SSLSegmentationError("data.empty", f"The folder of {what} {folder} holds no scan (NIfTI, NRRD or MetaImage file).")
    return found


def missing_files(paths: Iterable[Path], listings: Optional[Listings] = None) -> Tuple[str, ...]:
    """A problem for each path that is not a file.

    `listings` keeps what the folders hold for further calls: a network drive lists a folder as fast as it tells of one file.
    """
    known = {} if listings is None else listings
    return tuple(f"{path} does not exist" for path in paths if not _is_there(path, known))


def _is_there(path: Path, listings: Listings) -> bool:
    if path.parent not in listings:
        listings[path.parent] = _files_in(path.parent)
    # Where the case of letters does not matter, a file is there under another name than the listing's.
    return path.name in listings[path.parent] or path.is_file()


def _files_in(folder: Path) -> FrozenSet[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except OSError:
        return frozenset()


def check_unique(cases: Iterable[Case], *, source: str) -> None:
    """Refuses two cases of one id."""
    seen: Dict[str, Case] = {}
    for case in cases:
        if case.id in seen:
            first = ", ".join(str(path) for path in seen[case.id].images)
            raise SSLSegmentationError(
                "data.dataset_invalid",
                f"{source} has two cases '{case.id}' ({first}; {', '.join(str(path) for path in case.images)}).",
                hint="Give each case a name of its own, for example with data.cases.",
            )
        seen[case.id] = case


def text_list(raw: Any, *, source: str) -> List[str]:
    """`raw` as a list of texts."""
    if not isinstance(raw, list) or not all(isinstance(entry, str) for entry in raw):
        raise SSLSegmentationError("data.dataset_invalid", f"{source} is not a list of names.")
    return list(raw)


def label_names(raw: Any, *, source: str) -> TissueTable:
    """Tissues of {"1": "name"} or {"name": 1}; the background is left out."""
    if not isinstance(raw, dict):
        raise SSLSegmentationError("data.dataset_invalid", f"{source} is not a table of values and names.")
    names: Dict[int, str] = {}
    for key, entry in raw.items():
        value, name = (key, entry) if isinstance(entry, str) else (entry, key)
        if isinstance(value, bool) or not str(value).isdecimal() or int(value) in names:
            raise SSLSegmentationError("data.dataset_invalid", f"{source}: {key!r}: {entry!r} is not a label value and its name.")
        names[int(value)] = name
    return TissueTable.from_names(names)
