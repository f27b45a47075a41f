"""One config field: its type, unit, range and meaning, kept beside its default in a frozen data class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Union

Number = Union[int, float]

_KIND_TEXTS = {
    "int": "a whole number",
    "float": "a number",
    "text": "text",
    "path": "a path",
    "paths": "a path or a list of paths",
    "ints": "whole numbers",
    "floats": "numbers",
    "pairs": "a list of pairs of numbers",
}


def _plain(number: Number) -> str:
    """Digits as a person writes them: 2147483647, not 2.14748e+09."""
    return str(number) if isinstance(number, int) else f"{number:g}"


@dataclass(frozen=True)
class FieldInfo:
    """What a person needs to know about one setting.

    `kind`: "int", "float", "bool", "choice", "text", "path", "paths" (a path or a list of them), "ints", "floats",
    "pairs" (a list of two-number lists). `words` are extra text values that stand beside the kind ("auto", "none").
    `length` bounds the number of entries of a list kind.
    """

    kind: str
    help: str
    unit: str = ""
    low: Optional[Number] = None
    high: Optional[Number] = None
    choices: Tuple[str, ...] = ()
    words: Tuple[str, ...] = ()
    optional: bool = False
    length: Tuple[int, int] = (1, 64)

    def range_text(self) -> str:
        """The allowed values in plain words, with the unit."""
        parts = []
        if self.choices:
            parts.append("one of " + ", ".join(self.choices))
        elif self.kind == "bool":
            parts.append("true or false")
        else:
            parts.append(_KIND_TEXTS[self.kind])
            if self.kind in ("ints", "floats"):
                shortest, longest = self.length
                parts[-1] = f"a list of {shortest if shortest == longest else f'{shortest} to {longest}'} {parts[-1]}"
            if self.low is not None and self.high is not None:
                parts[-1] += f" from {_plain(self.low)} to {_plain(self.high)}"
            elif self.low is not None:
                parts[-1] += f" from {_plain(self.low)}"
            elif self.high is not None:
                parts[-1] += f" up to {_plain(self.high)}"
        if self.unit:
            parts[-1] += f" {self.unit}"
        parts += list(self.words)
        if self.optional:
            parts.append("nothing")
        return " or ".join(parts)


def setting(default: Any, kind: str, help: str, **facts: Any) -> Any:  # noqa: A002  # "help" is the field's own name
    """A data class field whose metadata holds its `FieldInfo`."""
    info = FieldInfo(kind=kind, help=help, **facts)
    return dataclasses.field(default=default, metadata={"info": info})


def infos(section: Any) -> Dict[str, FieldInfo]:
    """`FieldInfo` of every field of a section (class or instance), by name, in order."""
    return {item.name: item.metadata["info"] for item in dataclasses.fields(section) if "info" in item.metadata}
