"""One cache entry: a folder with the arrays as .npy files and a small JSON of facts with their sizes and checksums."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Tuple

import numpy as np
import numpy.typing as npt

FACTS_NAME = "entry.json"
IMAGE_NAME = "image.npy"
LABEL_NAME = "label.npy"

_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class CachedCase:
    """One prepared case; the arrays are memory maps, nothing is loaded before it is used.

    `image` float32 (C, S, H, W); `label` uint8 (S, H, W), 0 or 1 + position in the tissue table, None without labels;
    `class_slices`: for each tissue the numbers of the slices that have it (empty tuple without labels); `spacing` of the
    prepared grid (slices, rows, columns) in mm.
    """

    id: str
    subject: str
    image: npt.NDArray[np.float32]
    label: Optional[npt.NDArray[np.uint8]]
    class_slices: Tuple[npt.NDArray[np.int64], ...]
    spacing: Tuple[float, float, float]
    warnings: Tuple[str, ...] = ()


@dataclass(frozen=True)
class EntryFacts:
    """What the JSON of an entry says."""

    files: Dict[str, Tuple[int, int]]
    class_slices: Tuple[Tuple[int, ...], ...]
    spacing: Tuple[float, float, float]
    warnings: Tuple[str, ...]


def write_array(path: Path, shape: Tuple[int, ...], dtype: Any, slabs: Iterable[Tuple[int, npt.NDArray[Any]]]) -> None:
    """A .npy file of (C, S, H, W) from `slabs` of (first slice, array (C, s, H, W)).

    Written with plain writes, not through a memory map: a full disk is then an error and not a killed process.
    """
    plane = int(np.prod(shape[2:])) * np.dtype(dtype).itemsize
    with path.open("wb") as handle:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        first = handle.tell()
        for start, block in slabs:
            for channel, values in enumerate(block):
                handle.seek(first + (channel * shape[1] + start) * plane)
                handle.write(np.ascontiguousarray(values, dtype=dtype).data)


def write_facts(folder: Path, facts: EntryFacts) -> None:
    """The JSON of an entry, with a checksum of itself."""
    plain = {
        "files": {name: list(values) for name, values in facts.files.items()},
        "class_slices": [list(slices) for slices in facts.class_slices],
        "spacing": list(facts.spacing),
        "warnings": list(facts.warnings),
    }
    text = json.dumps(plain, sort_keys=True)
    with (folder / FACTS_NAME).open("w", encoding="utf-8") as handle:
        json.dump({"facts": text, "crc32": zlib.crc32(text.encode())}, handle)


def read_facts(folder: Path) -> Optional[EntryFacts]:
    """The facts of a sound entry; None where anything is missing, of another size, or fails its checksum."""
    try:
        outer = json.loads((folder / FACTS_NAME).read_text(encoding="utf-8"))
        text = outer["facts"]
        if zlib.crc32(text.encode()) != outer["crc32"]:
            return None
        plain = json.loads(text)
        for name, (size, checksum) in plain["files"].items():
            if (folder / name).stat().st_size != size or file_checksum(folder / name) != checksum:
                return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return EntryFacts(
        files={name: (int(size), int(checksum)) for name, (size, checksum) in plain["files"].items()},
        class_slices=tuple(tuple(slices) for slices in plain["class_slices"]),
        spacing=(plain["spacing"][0], plain["spacing"][1], plain["spacing"][2]),
        warnings=tuple(plain["warnings"]),
    )


def file_checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as handle:
        for chunk in iter(lambda: handle.read(_CHUNK), b""):
            value = zlib.crc32(chunk, value)
    return value


def open_entry(folder: Path, facts: EntryFacts, *, case_id: str, subject: str, warnings: Tuple[str, ...]) -> CachedCase:
    """The entry as a case with memory-mapped arrays."""
    label = np.load(folder / LABEL_NAME, mmap_mode="r")[0] if LABEL_NAME in facts.files else None
    return CachedCase(
        id=case_id,
        subject=subject,
        image=np.load(folder / IMAGE_NAME, mmap_mode="r"),
        label=label,
        class_slices=tuple(np.array(slices, dtype=np.int64) for slices in facts.class_slices),
        spacing=facts.spacing,
        warnings=warnings,
    )
