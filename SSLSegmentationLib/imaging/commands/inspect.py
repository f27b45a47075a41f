"""`sslseg inspect`: what files are understood to be."""

from __future__ import annotations

import argparse
import json
from typing import List, Optional, Union

from SSLSegmentationLib.contract.errors import EXIT_DONE, SSLSegmentationError
from SSLSegmentationLib.contract.wording import counted
from SSLSegmentationLib.imaging.commands.output import say, warn
from SSLSegmentationLib.imaging.inspection import Inspection, inspect


def run(arguments: argparse.Namespace) -> int:
    """Facts of each path, as text or (`--json`) as a list with one object per path. Says nothing where one is refused."""
    found: List[Inspection] = []
    refused: List[SSLSegmentationError] = []
    for path in arguments.paths:
        arguments.reporter.check_cancelled()
        answer = _answer(path, arguments.labels)
        if isinstance(answer, Inspection):
            found.append(answer)
        else:
            refused.append(answer)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        listed = " ".join(error.message for error in refused)
        raise SSLSegmentationError(refused[0].code, f"{len(refused)} of {len(arguments.paths)} files are refused: {listed}")
    if arguments.json:
        say(json.dumps([facts.as_dict() for facts in found], indent=2, ensure_ascii=False, allow_nan=False))
        return EXIT_DONE
    for facts in found:
        warn(facts.warnings, reporter=arguments.reporter)
        say("\n".join(_lines(facts)))
    return EXIT_DONE


def _answer(path: str, labels: Optional[str]) -> Union[Inspection, SSLSegmentationError]:
    try:
        return inspect(path, labels=labels)
    except SSLSegmentationError as error:
        return error


def _lines(facts: Inspection) -> List[str]:
    size = " × ".join(str(value) for value in facts.shape)
    spacing = " × ".join(f"{value:g}" for value in facts.spacing)
    lines = [
        f"{facts.path}: {facts.kind}",
        f"  voxels      {size} (left-right, back-front, feet-head)",
        f"  voxel size  {spacing} mm",
    ]
    if facts.mean is not None:
        lines.append(f"  values      {facts.minimum:g} to {facts.maximum:g}, mean {facts.mean:g}")
    if facts.n_not_finite:
        lines.append(f"  not finite  {counted(facts.n_not_finite, 'voxel is', 'voxels are')} NaN or infinite")
    lines += [f"  label {label.value:<5} {label.name}: {label.voxels} voxels" for label in facts.labels]
    return [*lines, f"  sha256      {facts.sha256}"]
