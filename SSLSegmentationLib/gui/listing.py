"""Lists that print as a small table in the console."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Sequence, TypeVar

Item = TypeVar("Item")


class Listing(List[Item]):
    """A list whose text has a line per item: its number and what `describe` gives."""

    def __init__(self, items: Iterable[Item], *, describe: Callable[[Item], Sequence[str]], empty: str) -> None:
        super().__init__(items)
        self._describe = describe
        self._empty = empty

    def __repr__(self) -> str:
        rows = [[str(number), *self._describe(item)] for number, item in enumerate(self)]
        return aligned(rows) if rows else self._empty


def aligned(rows: Sequence[Sequence[Any]]) -> str:
    """Rows of texts of equal length as columns side by side."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in texts]
    return "\n".join(line.rstrip() for line in lines)
