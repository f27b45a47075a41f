"""The text of "Copy report": what someone who is asked for help needs to know, and nothing about a patient.

The installation's own log never meets a scan; from others it takes what `last_logs` gives. Every line is masked.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import List, Optional, Sequence

from SSLSegmentationLib import __version__
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.backend.checking import BackendFacts
from SSLSegmentationLib.gui.backend.installed import LOG_NAME
from SSLSegmentationLib.gui.backend.last_logs import Log
from SSLSegmentationLib.gui.backend.masking import mask
from SSLSegmentationLib.gui.backend.pip_log import tail
from SSLSegmentationLib.gui.backend.slicer_packages import snapshot

_LOG_LINES = 30


def make_report(
    *,
    application: str,
    folder: Path,
    facts: Optional[BackendFacts],
    errors: Sequence[SSLSegmentationError] = (),
    logs: Sequence[Log] = (),
) -> str:
    """The report, in English, since others read it. `application`: name and version of the program around us."""
    known = {str(folder): "<backend>", sys.prefix: "<this Python>", sys.base_prefix: "<this Python>"}
    lines = [
        f"SSLSegmentation {__version__}",
        application,
        f"Python {platform.python_version()} {platform.machine()}",
        f"System {platform.system()} {platform.release()} {platform.machine()}",
        "",
        "Backend",
        *_backend_lines(facts),
        *(f"error {error.code}: {error.message} {error.hint}" for error in errors),
        "",
        "Packages of this program's own Python",
        ", ".join(f"{name} {version}" for name, version in snapshot()),
        "",
        "Last lines of the installation",
        *(tail(folder / LOG_NAME, _LOG_LINES) or ("none",)),
        "",
        *(line for title, words in logs for line in (title, *words, "")),
        "Folders, file names, user and computer names are masked in this text.",
    ]
    return "\n".join(mask(line, known=known) for line in lines) + "\n"


def _backend_lines(facts: Optional[BackendFacts]) -> List[str]:
    if facts is None:
        return ["not set up, or it did not answer"]
    device = f"{facts.card or facts.device}, {facts.threads} threads, {facts.precision}, CUDA build {facts.cuda or 'none'}"
    card = f"card {_gigabytes(facts.card_free)}, " if facts.card else ""
    return [
        facts.line,
        f"Python {facts.python_version} on {facts.system}",
        f"device {device}",
        f"free: {card}memory {_gigabytes(facts.memory_free)}, disk {_gigabytes(facts.disk_free)}",
        "packages " + ", ".join(f"{name} {version or 'missing'}" for name, version in facts.packages),
        *(f"problem {problem.code}: {problem.message} {problem.hint}" for problem in facts.problems),
    ]


def _gigabytes(count: Optional[int]) -> str:
    return "unknown" if count is None else f"{count / 1e9:.1f} GB"
