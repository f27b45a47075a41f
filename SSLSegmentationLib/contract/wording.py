"""Words of messages that change with a number."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """`1 scan`, `3 scans`: the number with `one`, else with `many`, which is `one` with an s where it is left out."""
    return f"{number} {one if number == 1 else many or one + 's'}"
