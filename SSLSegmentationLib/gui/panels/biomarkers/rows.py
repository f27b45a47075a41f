"""The rows of a table as the commands `measure` and `evaluate` tell them."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence

from SSLSegmentationLib.contract.measures import MeasureRow

# The columns that are not measures.
_ROW_KEYS = ("scan", "tissue", "label", "state")


def rows_of(records: Sequence[Mapping[str, Any]], *, scan: str) -> List[MeasureRow]:
    """Rows of a command's JSON, under the scan's own name instead of its file's."""
    return [
        MeasureRow(
            scan=scan,
            tissue=str(record["tissue"]),
            label=int(record["label"]),
            states=tuple(part for part in str(record["state"]).split(";") if part),
            values={key: value for key, value in record.items() if key not in _ROW_KEYS},
        )
        for record in records
    ]
