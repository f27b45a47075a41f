"""The segments of a .seg.nrrd matched to a tissue table by their names: an editor numbers segments as it likes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue
from SSLSegmentationLib.contract.wording import counted

UnsignedArray = npt.NDArray[Any]

# Names that programs give where a person gave none; they say no more than the value does.
_GENERIC = re.compile(r"(?:(?:segment|label|region|class)[\s_-]*)?\d+(?:_\d+)?", re.IGNORECASE)


def match_segments(
    path: Path, array: UnsignedArray, segments: Sequence[Tuple[Tissue, int]], wanted: TissueTable
) -> Tuple[UnsignedArray, TissueTable, Tuple[str, ...]]:
    """`array` by the values of `wanted`, the tissues of `segments` as they are called in it, and notices.

    `segments` are those that have voxels, with their number. One whose name `wanted` lacks is `data.unknown_label` where
    that table was given, else it gets a free value. Where no name is in both and one side has generic names only, values
    count.
    """
    found = {tissue.value: _namesake(path, tissue, wanted) for tissue, _ in segments}
    moves = {value: namesake.value for value, namesake in found.items() if namesake is not None}
    others = [(tissue, count) for tissue, count in segments if tissue.value not in moves]
    if others and not moves and (_generic(tissue for tissue, _ in others) or _generic(wanted)):
        notice = f"{path.name}: its segments have generic names; their values were taken as those of the tissue table."
        return array, TissueTable.of(tissue for tissue, _ in segments), () if _generic(wanted) else (notice,)
    if others and wanted.given:
        raise _unknown(path, others, wanted)
    kept: List[Tissue] = []
    for tissue, _ in others:
        taken = {*wanted.values, *(other.value for other in kept)}
        value = tissue.value if tissue.value not in taken else max(taken) + 1
        color = tissue.color if value == tissue.value else default_tissue(value).color
        kept.append(Tissue(value, tissue.name, color, tissue.terminology))
        moves[tissue.value] = value
    notices = tuple(
        f"{path.name}: segment '{tissue.name}' is not in the tissue table; it gets {tissue.value}." for tissue in kept
    )
    joined = [each for each in wanted if list(moves.values()).count(each.value) > 1]
    notices += tuple(f"{path.name}: all of its segments called '{tissue.name}' count as one." for tissue in joined)
    if all(before == after for before, after in moves.items()):
        return array, TissueTable.of(kept), notices
    return (
        _renumbered(array, moves),
        TissueTable.of(kept),
        (f"{path.name}: its values were matched to the tissue table by name.", *notices),
    )


def _namesake(path: Path, tissue: Tissue, wanted: TissueTable) -> Optional[Tissue]:
    """The tissue of `wanted` with this one's name; where several have it, the one with its value, too."""
    # The very name comes before one that differs in capitals.
    named = [each for each in wanted if each.name == tissue.name]
    named = named or [each for each in wanted if each.name.casefold() == tissue.name.casefold()]
    if len(named) < 2:
        return named[0] if named else None
    same = next((each for each in named if each.value == tissue.value), None)
    if same is None:
        listed = ", ".join(str(each.value) for each in named)
        raise SSLSegmentationError(
            "data.unknown_label",
            f"{path}: its segment '{tissue.name}' could be any of several tissues with that name (values {listed}).",
            hint="Give the tissues different names.",
        )
    return same


def _generic(tissues: Iterable[Tissue]) -> bool:
    return all(_GENERIC.fullmatch(tissue.name.strip()) for tissue in tissues)


def _unknown(path: Path, others: Sequence[Tuple[Tissue, int]], wanted: TissueTable) -> SSLSegmentationError:
    listed = ", ".join(f"'{tissue.name}' ({counted(count, 'voxel')})" for tissue, count in others[:10])
    return SSLSegmentationError(
        "data.unknown_label",
        f"{path} has segments that the tissue table lacks: {listed}; the table has {', '.join(each.name for each in wanted)}.",
        hint="Rename or delete the segment in the Segment Editor, or add it to the tissue table.",
    )


def _renumbered(array: UnsignedArray, moves: Dict[int, int]) -> UnsignedArray:
    before = np.array(sorted(moves), dtype=np.int64)
    after = np.array([0, *(moves[int(value)] for value in before)], dtype=np.uint32)
    # Every value but 0 is one of a segment; a search, not a table: values go up to 2³².
    position = np.where(array == 0, 0, np.searchsorted(before, array) + 1)
    result: UnsignedArray = after[position]
    return result
