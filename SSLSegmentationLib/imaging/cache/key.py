"""The name of a cache entry: a hash of the bytes that it was made from and of the settings that it was made with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import List, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan
from SSLSegmentationLib.imaging.readers.opening import open_scan
from SSLSegmentationLib.imaging.scan import Case

# Raised whenever readers, preparation or the layout of an entry change what an entry holds.
FORMAT_VERSION = 3

_CHUNK = 1 << 20


def entry_key(case: Case, plan: PreprocessPlan, tissues: Optional[TissueTable]) -> str:
    """64 hexadecimal digits. The case's name and where its files lie play no part.

    Raises `data.*` for a file that can't be opened as a scan.
    """
    has_label = case.label is not None and tissues is not None
    facts = {
        "version": FORMAT_VERSION,
        "plan": plan.as_dict(),
        "images": [content_hash(path) for path in case.images],
        "volumes": list(case.volumes),
        "label": content_hash(case.label) if case.label is not None and has_label else None,
        # Segments are matched to the table by name.
        "tissues": [[tissue.value, tissue.name] for tissue in tissues] if tissues is not None and has_label else None,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def content_hash(path: Path) -> str:
    """sha256 over all bytes that reading `path` takes: the file, voxels in a file beside it, or all files of a folder.

    Raises what opening the scan raises (`data.*`).
    """
    digest = hashlib.sha256()
    for part in _parts(path):
        digest.update(part.suffix.encode("utf-8", "backslashreplace"))
        try:
            with part.open("rb") as handle:
                for chunk in iter(lambda: handle.read(_CHUNK), b""):  # noqa: B023  # consumed before the next file
                    digest.update(chunk)
        except OSError as error:
            raise SSLSegmentationError("data.unreadable", f"{part} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def _parts(path: Path) -> List[Path]:
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    return list(dict.fromkeys((path, open_scan(path).voxels)))
