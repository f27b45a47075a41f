"""`metrics.csv` of a job: one row a report, rewritten safely when a run resumes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from SSLSegmentationLib.contract.files import disk_errors, write_text

FIXED_COLUMNS = ("step", "epoch", "stage", "seconds", "learning_rate", "loss", "validation_loss")


class MetricsFile:
    """Rows of numbers with the fixed columns and one a score; columns are settled when the file is opened."""

    def __init__(self, path: Path, *, scores: Sequence[str], last_step: int) -> None:
        """Keeps the rows up to `last_step` of a file that is there (0: starts anew)."""
        self.path = path
        self.columns = (*FIXED_COLUMNS, *scores)
        kept = [row for row in self._read() if row["step"].isdigit() and int(row["step"]) <= last_step] if last_step else []
        write_text(path, _line(self.columns) + "".join(self._row(row) for row in kept))

    def append(self, row: Mapping[str, object]) -> None:
        """Adds one row; cells of unknown columns are left out, missing ones are empty."""
        with disk_errors(self.path), self.path.open("a", encoding="utf-8", newline="") as handle:
            handle.write(self._row(row))

    def _read(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        # A kill can leave half a line at the end: only whole lines count.
        whole = self.path.read_text(encoding="utf-8", errors="replace").rpartition("\n")[0]
        rows = csv.DictReader(io.StringIO(whole))
        return [{key: value or "" for key, value in row.items() if key} for row in rows if row.get("step")]

    def _row(self, row: Mapping[str, object]) -> str:
        return _line([_cell(row.get(column)) for column in self.columns])


def _line(cells: Sequence[str]) -> str:
    """A line of the file, cells quoted where they must be: a tissue's name may hold a comma."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.8g}" if math.isfinite(value) else ""
    return "" if value is None else str(value)
