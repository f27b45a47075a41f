"""Which cases can be used: strict data sets stop at the first that cannot, others leave it out with a warning."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Dict, List, Sequence, Tuple, TypeVar

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.tissues import LARGEST_MODEL_VALUE, TissueTable, default_tissue
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.dataset.loading import open_channels, read_case, read_case_label
from SSLSegmentationLib.imaging.scan import Case

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class CaseFacts:
    """What the files of a case say: number of channels and, where its labels were read, their tissues."""

    channels: int
    tissues: TissueTable
    warnings: Tuple[str, ...]


def inspect_case(case: Case, *, tissues: TissueTable, thorough: bool) -> CaseFacts:
    """Opens the files of a case; raises `SSLSegmentationError` for whatever makes it unusable.

    Headers only, and the label map where `tissues` is not a given table; all voxels with `thorough`.
    """
    if case.problems:
        raise SSLSegmentationError("data.missing", f"Case '{case.id}': {'; '.join(case.problems)}.")
    opened = open_channels(case)
    if thorough:
        read_case(case)
    found = TissueTable(())
    warnings = [warning for file in opened.values() for warning in file.warnings]
    if case.label is not None and (thorough or not tissues.given):
        label_map = read_case_label(case, tissues, opened[case.images[0]].geometry)
        found = label_map.tissues
        warnings += label_map.warnings
    return CaseFacts(channels=len(case.images), tissues=found, warnings=tuple(warnings))


def usable_cases(cases: Sequence[Case], *, tissues: TissueTable, strict: bool) -> Tuple[List[Case], List[CaseFacts], List[str]]:
    """Cases that can be used, their facts, and warnings. Strict: the first problem is raised; else all voxels are checked."""

    def look(case: Case) -> CaseFacts:
        return inspect_case(case, tissues=tissues, thorough=not strict)

    kept: List[Case] = []
    facts: List[CaseFacts] = []
    warnings: List[str] = []
    for case, answer in zip(cases, _in_threads(look, cases)):
        if isinstance(answer, SSLSegmentationError):
            if strict:
                raise answer
            warnings.append(f"Case '{case.id}' is left out: {answer.message} [{answer.code}]")
            continue
        kept.append(case)
        facts.append(answer)
        warnings += answer.warnings
    return kept, facts, warnings


def _in_threads(function: Callable[[Case], Fact], cases: Sequence[Case]) -> "List[Fact | SSLSegmentationError]":
    """`function` of each case, or the error that it raised. Decompression runs outside of Python's lock."""

    def guarded(case: Case) -> "Fact | SSLSegmentationError":
        try:
            return function(case)
        except SSLSegmentationError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(guarded, cases))


def same_channels(cases: Sequence[Case], *, strict: bool) -> Tuple[List[Case], List[str]]:
    """Cases with as many channels as most; another number is `data.unpaired_channels`, or a warning where not strict."""
    counts = [len(case.images) for case in cases]
    usual = max(dict.fromkeys(counts), key=counts.count) if counts else 0
    kept: List[Case] = []
    warnings: List[str] = []
    for case in cases:
        if len(case.images) == usual:
            kept.append(case)
            continue
        fact = f"Case '{case.id}' has {counted(len(case.images), 'channel')}, the others have {usual}"
        if strict:
            raise SSLSegmentationError("data.unpaired_channels", f"{fact}.")
        warnings.append(f"{fact}; it is left out.")
    return kept, warnings


def joined_tissues(declared: TissueTable, found: Sequence[TissueTable]) -> TissueTable:
    """One table of all tissues. The same name is the same tissue; a value that another name has got gets the next free one."""
    if declared.given:
        return declared
    tissues = {tissue.name.casefold(): tissue for tissue in declared}
    taken: Dict[int, str] = {tissue.value: tissue.name for tissue in declared}
    for table in found:
        for tissue in table:
            if tissue.name.casefold() in tissues:
                continue
            value = tissue.value if tissue.value not in taken else max(taken) + 1
            taken[value] = tissue.name
            color = tissue.color if value == tissue.value else default_tissue(value).color
            tissues[tissue.name.casefold()] = type(tissue)(value, tissue.name, color, tissue.terminology)
    return TissueTable.of(tissues.values())


def require_learnable(tissues: TissueTable) -> None:
    """Raises `data.no_cases` without any tissue, `data.unsupported` for a value that no model can have."""
    if not len(tissues):
        raise SSLSegmentationError(
            "data.no_cases", "The label maps hold nothing but background (0).", hint="Check the label maps."
        )
    large = next((tissue for tissue in tissues if tissue.value > LARGEST_MODEL_VALUE), None)
    if large is not None:
        raise SSLSegmentationError(
            "data.unsupported",
            f"The tissue '{large.name}' has the value {large.value}; a model's tissues have values up to {LARGEST_MODEL_VALUE}.",
            hint="Give it a smaller value in the tissue table and in the label maps.",
        )
