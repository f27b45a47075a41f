"""What these commands say: facts on stdout, warnings on stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any, Iterable, Mapping, Optional

from SSLSegmentationLib.contract.reporting import Reporter


def say(text: str) -> None:
    """One line on stdout."""
    sys.stdout.write(f"{text}\n")


def say_json(facts: Mapping[str, Any]) -> None:
    """Facts as JSON on stdout."""
    say(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False))


def warn(warnings: Iterable[str], *, reporter: Reporter) -> None:
    """One line each on stderr, and told to whoever follows."""
    for warning in warnings:
        line = " ".join(warning.split())
        # The work goes on though nobody reads.
        with contextlib.suppress(BrokenPipeError):
            sys.stderr.write(f"warning: {line}\n")
        reporter.warn(line)


def number(value: Optional[float], *, digits: int) -> str:
    """A number for people; "–" where it is not known."""
    return "–" if value is None else f"{value:.{digits}f}"
