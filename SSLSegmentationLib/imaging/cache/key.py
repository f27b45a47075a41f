"""The name of a cache entry: a hash of the bytes that it was made from and of the settings that it was made with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Iterator, List, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan
from SSLSegmentationLib.imaging.scan import Case

# Raised whenever readers, preparation or the layout of an entry change what an entry holds.
FORMAT_VERSION = 2

_CHUNK = 1 << 20
# Headers are short; a data file's name is looked for in this many bytes.
_HEADER_BYTES = 1 << 16


def entry_key(case: Case, plan: PreprocessPlan, tissues: Optional[TissueTable]) -> str:
    """64 hexadecimal digits. The case's name and where its files lie play no part.

    Raises `data.missing` or `data.unreadable` for a file that can't be read.
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
    """sha256 over the bytes of a file and of the files it points to (detached data), or of all files of a folder."""
    digest = hashlib.sha256()
    try:
        for part in _parts(path):
            digest.update(part.suffix.encode())
            with part.open("rb") as handle:
                for chunk in iter(lambda: handle.read(_CHUNK), b""):  # noqa: B023  # consumed before the next file
                    digest.update(chunk)
    except FileNotFoundError as error:
        raise SSLSegmentationError("data.missing", f"{error.filename or path} does not exist.") from error
    except OSError as error:
        raise SSLSegmentationError("data.unreadable", f"{path} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def _parts(path: Path) -> Iterator[Path]:
    """The file itself and what it refers to."""
    if path.is_dir():
        yield from _all_files(path)
        return
    yield path
    suffix = path.suffix.lower()
    if suffix in (".hdr", ".img"):
        other = {".hdr": ".img", ".img": ".hdr"}[suffix]
        yield from (candidate for candidate in (path.with_suffix(other), path.with_suffix(other + ".gz")) if candidate.is_file())
    elif suffix in (".mhd", ".nhdr"):
        yield from _detached(path)


def _detached(header: Path) -> List[Path]:
    """Data files of a MetaImage or NRRD header; all files of its folder where it names a list or a pattern of them."""
    with header.open("rb") as handle:
        text = handle.read(_HEADER_BYTES).decode("utf-8", errors="replace")
    for line in text.splitlines():
        key, _, value = line.replace("=", ":", 1).partition(":")
        if key.strip().lower() in ("elementdatafile", "data file", "datafile"):
            named = header.parent / value.strip()
            return [named] if named.is_file() else [part for part in _all_files(header.parent) if part != header]
    return []


def _all_files(folder: Path) -> List[Path]:
    return sorted(part for part in folder.rglob("*") if part.is_file())
