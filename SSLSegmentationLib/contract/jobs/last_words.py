"""What a process that ended left behind of its reasons: the end of its log, and errors that it wrote down."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike

_TAIL_BYTES = 8192
_TAIL_LINES = 12


def log_tail(path: PathLike, *, since: int = 0) -> List[str]:
    """The last lines of a log from byte `since` on, whatever bytes it holds; none where it can't be read."""
    try:
        with open(path, "rb") as handle:  # noqa: PTH123  # any path-like
            end = handle.seek(0, os.SEEK_END)
            handle.seek(min(max(end - _TAIL_BYTES, since), end))
            text = handle.read().decode("utf-8", "replace")
    except OSError:
        return []
    printable = ("".join(letter if letter.isprintable() else " " for letter in line).strip() for line in text.splitlines())
    return [line for line in printable if line][-_TAIL_LINES:]


def as_error(facts: Mapping[str, Any]) -> SSLSegmentationError:
    """The error that a run has written down as {code, message, hint}; a code of another version counts as a defect."""
    code, message, hint = (str(facts.get(name) or "") for name in ("code", "message", "hint"))
    try:
        return SSLSegmentationError(code, message, hint=hint)
    except KeyError:
        return SSLSegmentationError("defect.internal", message, hint=hint)


def printed_error(line: str) -> Optional[SSLSegmentationError]:
    """The error of a line as the command line prints it, "error: … [code]"; None for any other line."""
    if not line.startswith("error: ") or not line.endswith("]"):
        return None
    text, _, code = line[len("error: ") : -1].rpartition(" [")
    return as_error({"code": code, "message": text})
