"""One raw value against its `FieldInfo`: the value in the field's own type, or an error with unit and range."""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Dict, Optional, Tuple

from SSLSegmentationLib.contract.config.fields import FieldInfo
from SSLSegmentationLib.contract.errors import SSLSegmentationError

_SHOWN_LENGTH = 60


def show(value: Any) -> str:
    """A raw value as a message shows it: short, on one line, None as YAML writes it."""
    if value is None:
        return "nothing"
    text = ("true" if value else "false") if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"


def invalid(key: str, value: Any, expected: str, *, hint: str = "") -> SSLSegmentationError:
    """The error for a value that `key` cannot take."""
    return SSLSegmentationError("config.invalid_value", f"'{key}' is {show(value)}; expected {expected}.", hint=hint)


def _in_range(number: float, info: FieldInfo) -> bool:
    return (info.low is None or number >= info.low) and (info.high is None or number <= info.high)


def _int(value: Any, info: FieldInfo) -> int:
    # YAML reads 4e3 as a float; a bool is an int in Python but not to a person.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        raise ValueError
    if not _in_range(value, info):
        raise ValueError
    return int(value)


def _float(value: Any, info: FieldInfo) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    number = float(value)
    if not math.isfinite(number) or not _in_range(number, info):
        raise ValueError
    return number


def _bool(value: Any, info: FieldInfo) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _text(value: Any, info: FieldInfo) -> str:
    if not isinstance(value, str) or not value.strip() or any(ord(letter) < 32 for letter in value):
        raise ValueError
    return value


def _choice(value: Any, info: FieldInfo) -> str:
    if value not in info.choices:
        raise ValueError
    return str(value)


def _path(value: Any, info: FieldInfo) -> str:
    return _text(os.fspath(value) if isinstance(value, os.PathLike) else value, info)


def _entries(value: Any, info: FieldInfo) -> Tuple[Any, ...]:
    shortest, longest = info.length
    if not isinstance(value, (list, tuple)) or not shortest <= len(value) <= longest:
        raise ValueError
    return tuple(value)


def _paths(value: Any, info: FieldInfo) -> Any:
    if isinstance(value, (list, tuple)):
        if not value:
            raise ValueError
        return tuple(_path(item, info) for item in value)
    return _path(value, info)


def _ints(value: Any, info: FieldInfo) -> Tuple[int, ...]:
    return tuple(_int(item, info) for item in _entries(value, info))


def _floats(value: Any, info: FieldInfo) -> Tuple[float, ...]:
    return tuple(_float(item, info) for item in _entries(value, info))


def _pairs(value: Any, info: FieldInfo) -> Tuple[Tuple[float, float], ...]:
    pairs = []
    for item in _entries(value, info):
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise ValueError
        pairs.append((_float(item[0], info), _float(item[1], info)))
    return tuple(pairs)


_READERS: Dict[str, Callable[[Any, FieldInfo], Any]] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "text": _text,
    "choice": _choice,
    "path": _path,
    "paths": _paths,
    "ints": _ints,
    "floats": _floats,
    "pairs": _pairs,
}


def read_value(key: str, value: Any, info: FieldInfo) -> Optional[Any]:
    """`value` in the type of the field `key`. Errors: `config.invalid_value` with value, unit and range."""
    if value is None and info.optional:
        return None
    if isinstance(value, str) and value in info.words:
        return value
    try:
        return _READERS[info.kind](value, info)
    except (ValueError, TypeError, OverflowError) as error:
        raise invalid(key, value, info.range_text()) from error
