"""Scans to pretrain on: a folder, a data set, or a list of files, folders and data sets."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple, Union

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import stem
from SSLSegmentationLib.imaging.dataset.case_list import CaseList, Listings, check_unique, missing_files, read_json, scan_files
from SSLSegmentationLib.imaging.dataset.listing import listed_cases
from SSLSegmentationLib.imaging.dataset.msd import msd_cases
from SSLSegmentationLib.imaging.scan import Case


def unlabelled_cases(source: Union[str, Tuple[str, ...]]) -> CaseList:
    """Cases without labels; a scan named twice counts once. Raises `data.missing` for a path that is not there."""
    entries = (source,) if isinstance(source, str) else source
    cases: List[Case] = []
    listings: Listings = {}
    channels: Tuple[str, ...] = ()
    for entry in entries:
        found = _entry_cases(Path(entry))
        channels = channels or found.channels
        known = {case.images for case in cases}
        cases += [
            Case(case.id, case.subject, case.images, None, _image_problems(case, listings), case.volumes)
            for case in found.cases
            if case.images not in known
        ]
    if not cases:
        raise SSLSegmentationError("data.no_cases", "data.unlabelled names no scan.")
    check_unique(cases, source="data.unlabelled")
    return CaseList(cases=tuple(cases), channels=channels)


def _image_problems(case: Case, listings: Listings) -> Tuple[str, ...]:
    return missing_files(dict.fromkeys(case.images), listings)


def _entry_cases(path: Path) -> CaseList:
    if path.suffix.lower() == ".json":
        raw = read_json(path, what="data set")
        return listed_cases(path) if isinstance(raw, list) else msd_cases(path, with_test=True)
    if path.is_dir():
        if (path / "dataset.json").is_file():
            return msd_cases(path / "dataset.json", with_test=True)
        return CaseList(tuple(_case(file, name) for name, file in scan_files(path, what="unlabelled scans").items()))
    if not path.exists():
        raise SSLSegmentationError("data.missing", f"{path} (data.unlabelled) does not exist.")
    return CaseList((_case(path, stem(path)),))


def _case(file: Path, name: str) -> Case:
    return Case(id=name, subject=name, images=(file,), volumes=(None,))
