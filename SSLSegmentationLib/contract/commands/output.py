"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any, Sequence


def print_json(facts: Any) -> None:
    """`facts` as JSON to stdout."""
    sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def print_table(rows: Sequence[Sequence[str]], *, header: Sequence[str]) -> None:
    """Columns as wide as their widest entry; the last one as it is."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        sys.stdout.write("  ".join([*cells, line[-1]]).rstrip() + "\n")
