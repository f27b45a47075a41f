"""Data sets that are a JSON list of {id, subject, images, label}."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.dataset.case_list import CaseList, Listings, check_unique, missing_files, read_json
from SSLSegmentationLib.imaging.scan import Case

KEYS = ("id", "subject", "images", "label")


def listed_cases(path: Path) -> CaseList:
    """Cases of the list; paths are relative to it, `images` has one file per channel. Raises `data.dataset_invalid`."""
    raw = read_json(path, what="list of cases")
    if not isinstance(raw, list) or not raw:
        raise SSLSegmentationError("data.dataset_invalid", f"{path} is not a list of {{{', '.join(KEYS)}}}.")
    listings: Listings = {}
    cases = tuple(_case(path, number, entry, listings) for number, entry in enumerate(raw, start=1))
    check_unique(cases, source=str(path))
    return CaseList(cases=cases)


def _case(path: Path, number: int, entry: Any, listings: Listings) -> Case:
    def wrong(fact: str) -> SSLSegmentationError:
        return SSLSegmentationError("data.dataset_invalid", f"{path}, entry {number}: {fact}.")

    if not isinstance(entry, dict):
        raise wrong(f"{str(entry)[:80]!r} is not a table")
    unknown = [key for key in entry if key not in KEYS]
    if unknown:
        raise wrong(f"'{unknown[0]}' is not one of {', '.join(KEYS)}")
    identity, images, label = entry.get("id"), entry.get("images"), entry.get("label")
    subject = entry.get("subject", identity)
    if not isinstance(identity, str) or not identity or "/" in identity or "\\" in identity or not isinstance(subject, str):
        raise wrong("'id' and 'subject' must be text, and an id has no slash")
    if not isinstance(images, list) or not images or not all(isinstance(image, str) and image for image in images):
        raise wrong("'images' is not a list of files, one per channel")
    if label is not None and not isinstance(label, str):
        raise wrong("'label' is not a file")
    image_paths = tuple(path.parent / image for image in images)
    label_path = path.parent / label if label else None
    files: List[Path] = [*image_paths, *([label_path] if label_path else [])]
    return Case(identity, subject, image_paths, label_path, missing_files(files, listings), (None,) * len(image_paths))
