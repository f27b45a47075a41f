"""Which cases the INPUT arguments of a prediction mean; needs no torch.

A model of one channel takes each file as a case. A model of several channels takes files named <case>_0000.nii.gz,
<case>_0001.nii.gz, … in the order of the model's channels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import is_scan_name, stem
from SSLSegmentationLib.imaging.readers.opening import open_scan

CHANNEL_NAME = re.compile(r"(.+)_(\d{4})", re.DOTALL)


@dataclass(frozen=True)
class InputCase:
    """One case to segment: its stem, one file per channel, and its number of voxels (0: not known yet)."""

    stem: str
    paths: tuple[Path, ...]
    voxels: int = 0


@dataclass(frozen=True)
class Fault:
    """Files or a folder that can't be used, and why."""

    paths: tuple[Path, ...]
    error: SSLSegmentationError


@dataclass(frozen=True)
class Inputs:
    """The cases in order, and what can't be used."""

    cases: tuple[InputCase, ...]
    faults: tuple[Fault, ...]


def find_inputs(arguments: Sequence[str | Path], *, channels: Sequence[str]) -> Inputs:
    """The cases of files and folders for a model of these `channels`.

    Of a folder all scan files are taken, not those of its subfolders; one without any is a fault.
    Raises `usage.output_collision` where two cases have one stem.
    """
    files: list[Path] = []
    faults: list[Fault] = []
    for argument in arguments:
        found = _files(Path(argument))
        if isinstance(found, Fault):
            faults.append(found)
        else:
            files += found
    if len(channels) == 1:
        cases = [InputCase(stem(path), (path,)) for path in files]
    else:
        cases, loose = _grouped(files, channels)
        faults += loose
    first: dict[str, InputCase] = {}
    for case in cases:
        other = first.setdefault(case.stem, case)
        if other is not case:
            raise SSLSegmentationError(
                "usage.output_collision", f"{other.paths[0]} and {case.paths[0]} would both be written as '{case.stem}'."
            )
    return Inputs(tuple(cases), tuple(faults))


def check_headers(inputs: Inputs) -> Inputs:
    """The cases whose headers can be read as one 3D volume, with their voxels counted; the others become faults."""
    cases: list[InputCase] = []
    faults = list(inputs.faults)
    for case in inputs.cases:
        counted = _counted(case)
        if isinstance(counted, Fault):
            faults.append(counted)
        else:
            cases.append(counted)
    return Inputs(tuple(cases), tuple(faults))


def check_outputs(inputs: Inputs, outputs: Iterable[Path]) -> None:
    """Raises `usage.output_collision` where two outputs are one file, or an output would replace an input."""
    sources = {_same(path): path for case in inputs.cases for path in case.paths}
    seen: set[str] = set()
    for output in outputs:
        place = _same(output)
        if place in seen:
            raise SSLSegmentationError("usage.output_collision", f"Two results would be written as {output}.")
        if place in sources:
            raise SSLSegmentationError(
                "usage.output_collision",
                f"The result {output} would replace the scan {sources[place]}.",
                hint="Choose another --output folder.",
            )
        seen.add(place)


def _same(path: Path) -> str:
    return os.path.normcase(path.resolve())


def _files(path: Path) -> list[Path] | Fault:
    if not path.is_dir():
        if not path.exists():
            return Fault((path,), SSLSegmentationError("data.missing", f"{path} does not exist."))
        return [path]
    items = sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith("."))
    scans = [item for item in items if is_scan_name(item)]
    if not items:
        return Fault((path,), SSLSegmentationError("data.empty", f"The folder {path} holds no scans."))
    return scans or [path]


def _grouped(files: Sequence[Path], channels: Sequence[str]) -> tuple[list[InputCase], list[Fault]]:
    """Files with a channel number by case, and an error for each file or case that does not fit."""
    found: dict[str, dict[int, Path]] = {}
    faults: list[Fault] = []
    wanted = ", ".join(f"<case>_{number:04d} ({name})" for number, name in enumerate(channels))
    hint = f"Name the files of a case {wanted}."
    for path in files:
        match = CHANNEL_NAME.fullmatch(stem(path))
        if match is None:
            error = SSLSegmentationError("data.unpaired_channels", f"{path} has no channel number in its name.", hint=hint)
            faults.append(Fault((path,), error))
            continue
        case, number = match.group(1), int(match.group(2))
        if number in found.setdefault(case, {}):
            raise SSLSegmentationError(
                "usage.output_collision", f"{found[case][number]} and {path} are both channel {number} of the case '{case}'."
            )
        found[case][number] = path
    cases = []
    for case, numbered in found.items():
        if sorted(numbered) == list(range(len(channels))):
            cases.append(InputCase(case, tuple(numbered[number] for number in range(len(channels)))))
        else:
            have = ", ".join(f"_{number:04d}" for number in sorted(numbered))
            where = numbered[min(numbered)].parent
            fact = f"The case '{case}' in {where} has the channels {have}, but the model takes {len(channels)}."
            faults.append(Fault(tuple(numbered.values()), SSLSegmentationError("data.unpaired_channels", fact, hint=hint)))
    return cases, faults


def _counted(case: InputCase) -> InputCase | Fault:
    voxels = 0
    try:
        for path in case.paths:
            opened = open_scan(path)
            if opened.volumes != 1:
                raise SSLSegmentationError("data.not_3d", f"{path} holds {opened.volumes} volumes, one is needed.")
            voxels = int(np.prod(opened.geometry.shape, dtype=np.int64))
    except SSLSegmentationError as error:
        return Fault(case.paths, error)
    return InputCase(case.stem, case.paths, voxels)
