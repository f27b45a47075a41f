"""Data sets with a dataset.json as in the Medical Segmentation Decathlon."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import stem
from SSLSegmentationLib.imaging.dataset.case_list import CaseList, Listings, check_unique, label_names, missing_files, read_json
from SSLSegmentationLib.imaging.scan import Case


def msd_cases(path: Path, *, with_test: bool = False) -> CaseList:
    """Cases of a dataset.json; `with_test` adds its test images, which have no labels.

    Each of several modalities is one channel: one volume of a 4D file. Raises `data.dataset_invalid` naming the entry.
    """
    raw = read_json(path, what="data set")
    if not isinstance(raw, dict):
        raise SSLSegmentationError("data.dataset_invalid", f"{path} is not a data set description (a table with 'training').")
    channels = _channels(path, raw)
    entries = _list(path, raw, "training")
    if with_test:
        entries = entries + _list(path, raw, "test")
    listings: Listings = {}
    cases = tuple(_case(path, number, entry, len(channels), listings) for number, entry in enumerate(entries))
    if not cases:
        raise SSLSegmentationError("data.no_cases", f"{path} lists no training case.")
    check_unique(cases, source=str(path))
    return CaseList(cases=cases, tissues=label_names(raw.get("labels", {}), source=f"'labels' of {path}"), channels=channels)


def _channels(path: Path, raw: Dict[str, Any]) -> Tuple[str, ...]:
    names = raw.get("modality", raw.get("channel_names"))
    if isinstance(names, dict) and names and all(str(key).isdecimal() for key in names):
        ordered = sorted(names, key=int)
        if [int(key) for key in ordered] == list(range(len(ordered))):
            return tuple(str(names[key]) for key in ordered)
    raise SSLSegmentationError("data.dataset_invalid", f"'modality' of {path} is not a table from 0 up to names.")


def _list(path: Path, raw: Dict[str, Any], key: str) -> List[Any]:
    entries = raw.get(key, [])
    if not isinstance(entries, list):
        raise SSLSegmentationError("data.dataset_invalid", f"'{key}' of {path} is not a list.")
    return entries


def _case(path: Path, number: int, entry: Any, channels: int, listings: Listings) -> Case:
    source = f"{path}, entry {number + 1}"
    image = entry if isinstance(entry, str) else entry.get("image") if isinstance(entry, dict) else None
    label = entry.get("label") if isinstance(entry, dict) else None
    if not isinstance(image, str) or not (label is None or isinstance(label, str)):
        raise SSLSegmentationError("data.dataset_invalid", f"{source}: {str(entry)[:120]!r} is not {{image, label}}.")
    image_path = _inside(path, image, source)
    label_path: Optional[Path] = _inside(path, label, source) if label is not None else None
    return Case(
        id=stem(image_path),
        subject=stem(image_path),
        images=(image_path,) * channels,
        label=label_path,
        problems=missing_files([image_path] + ([label_path] if label_path else []), listings),
        volumes=tuple(range(channels)) if channels > 1 else (None,),
    )


def _inside(path: Path, name: str, source: str) -> Path:
    """The file `name` of a data set; refused where it leaves the data set's folder."""
    folder = os.path.normpath(path.parent.absolute())
    target = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118  # lexical: links inside the folder are the user's own
    if "\0" in name or not target.startswith(folder.rstrip(os.sep) + os.sep):
        raise SSLSegmentationError("data.dataset_invalid", f"{source}: {name!r} lies outside of the data set's folder.")
    return path.parent / os.path.relpath(target, folder)
