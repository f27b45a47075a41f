"""Calls from Python into Qt with PythonQt's rules: what is refused, what is converted on the way in and out."""

from __future__ import annotations

import contextlib
import enum
import os
import re
from functools import lru_cache
from typing import Any, Callable

import numpy as np
from PyQt6 import QtCore, QtGui, QtWidgets, sip

from .enums import EnumValue

QT_MODULES = (QtCore, QtGui, QtWidgets)


def to_qt(value: Any) -> Any:
    """A value on its way into Qt. Raises `ValueError` for what PythonQt does not convert: paths, numpy's scalars."""
    if isinstance(value, EnumValue):
        return value.member
    if isinstance(value, (os.PathLike, np.generic)):
        raise ValueError(f"Could not find matching overload for given arguments: {type(value).__name__} {value!r}")
    if type(value) in (list, tuple):
        return [to_qt(item) for item in value]
    if type(value) is dict:
        return {key: to_qt(item) for key, item in value.items()}
    return value


def from_qt(value: Any) -> Any:
    """A value on its way out of Qt: enums are ints, lists are tuples."""
    if isinstance(value, enum.Enum):
        return EnumValue(value) if isinstance(value.value, int) else value
    if isinstance(value, (list, tuple)):
        return tuple(from_qt(item) for item in value)
    return value


def refuse_keywords(keywords: dict[str, Any]) -> None:
    if keywords:
        raise ValueError(f"called slot does not support kwargs: {', '.join(keywords)}")


class Method:
    """A method of a Qt object or a static one; also what `obj.method` hands to `connect`, where it gets all arguments."""

    def __init__(self, function: Callable[..., Any], owner: Any = None, name: str = "") -> None:
        self._function = function
        self.__self__ = owner
        self.__name__ = name or getattr(function, "__name__", "?")
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        refuse_keywords(keywords)
        owner = self.__self__
        if isinstance(owner, sip.simplewrapper) and sip.isdeleted(owner):
            raise ValueError(f"Trying to call '{self.__name__}' on a destroyed {type(owner).__name__} object")
        return from_qt(call(self._function, args))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Method) and self.__name__ == other.__name__ and self.__self__ is other.__self__

    def __hash__(self) -> int:
        return hash((self.__name__, id(self.__self__)))


def call(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Calls into Qt; plain ints are turned into the enums that the signature asks for. Raises `ValueError` without a match."""
    converted = [to_qt(value) for value in args]
    try:
        return function(*converted)
    except TypeError as error:
        if hasattr(function, "__code__") or hasattr(function, "__func__"):
            raise
        for attempt in _with_enums(function.__doc__ or "", converted):
            with contextlib.suppress(TypeError):
                return function(*attempt)
        raise ValueError(f"Could not find matching overload for given arguments: {args!r} ({error})") from error


def _with_enums(doc: str, args: list[Any]) -> list[list[Any]]:
    """The arguments with ints in the place of enums, one list for each signature in the docstring that has enums."""
    attempts = []
    for signature in doc.splitlines():
        kinds = [_enum_of(part) for part in signature.partition("(")[2].split(",") if part.strip() not in ("self", "self)")]
        attempt = list(args)
        for place, kind in enumerate(kinds[: len(args)]):
            if kind is not None and type(args[place]) is int:
                attempt[place] = kind(args[place])
        if any(new is not old for new, old in zip(attempt, args)):
            attempts.append(attempt)
    return attempts


@lru_cache(maxsize=None)
def _enum_of(annotation: str) -> Any:
    """The Qt enum that a parameter's annotation names, or None."""
    for name in re.findall(r"[A-Z]\w*(?:\.\w+)+", annotation):
        for module in QT_MODULES:
            found: Any = module
            for part in name.split("."):
                found = getattr(found, part, None)
            if isinstance(found, type) and issubclass(found, enum.Enum):
                return found
    return None
