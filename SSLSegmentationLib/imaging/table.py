"""Tables of measures as CSV, JSON and text: one row per scan and tissue. A cell is empty only where a value can't be had."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.files import PathLike, is_scan_name, write_text
from SSLSegmentationLib.contract.measures import Measure, MeasureRow

FIRST_COLUMNS = ("scan", "tissue", "label", "state")


def require_table_path(path: PathLike) -> None:
    """Raises `usage.arguments` before any work where a table can't be meant: a folder, or the name of a scan."""
    if Path(path).is_dir():
        raise SSLSegmentationError("usage.arguments", f"{path} is a folder.", hint="Name a .csv file to write.")
    if is_scan_name(path):
        raise SSLSegmentationError("usage.arguments", f"{path} is the name of a scan, not of a table.", hint="Name a .csv file.")


def writable(text: str) -> str:
    """Names that are no valid text (bytes of another encoding) are written with escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _value(row: MeasureRow, measure: Measure) -> Optional[float]:
    value = row.values.get(measure.name)
    return value if value is not None and math.isfinite(value) else None


def as_records(rows: Sequence[MeasureRow], *, columns: Sequence[Measure]) -> List[Dict[str, Any]]:
    """One dict per row with the keys of the CSV's columns; None where a cell is empty."""
    return [
        {
            "scan": writable(row.scan),
            "tissue": writable(row.tissue),
            "label": row.label,
            "state": row.state,
            **{measure.name: _value(row, measure) for measure in columns},
        }
        for row in rows
    ]


def write_table(path: PathLike, rows: Sequence[MeasureRow], *, columns: Sequence[Measure]) -> None:
    """Replaces `path` with the table in one step: UTF-8, commas, full precision."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [*FIRST_COLUMNS, *(measure.name for measure in columns)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_records(rows, columns=columns))
    write_text(path, out.getvalue())


def units(columns: Sequence[Measure]) -> Dict[str, str]:
    """Unit of each measure by its name."""
    return {measure.name: measure.unit for measure in columns}


def as_text(cells: Sequence[Sequence[str]]) -> str:
    """Rows of equal length in aligned columns, the first one as heading; numbers to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for row in cells:
        parts = [cell.ljust(width) if number == 0 else cell.rjust(width) for number, (cell, width) in enumerate(zip(row, widths))]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)
