"""Checked access to JSON from outside: every value has the expected type, or an error names the key and what came."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Tuple

Refuse = Callable[[str], Exception]


class Reader:
    """Takes typed values out of one JSON object; `refuse` makes the exception from a sentence, `where` names the object."""

    def __init__(self, raw: Any, *, where: str, refuse: Refuse) -> None:
        if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
            raise refuse(f"{where} must be an object, but is {_shown(raw)}")
        self.raw: Mapping[str, Any] = raw
        self.where = where
        self.refuse = refuse

    def get(self, key: str) -> Any:
        if key not in self.raw:
            raise self.refuse(f"{self.where} lacks '{key}'")
        return self.raw[key]

    def text(self, key: str, *, choices: Tuple[str, ...] = ()) -> str:
        value = self.get(key)
        if not isinstance(value, str) or (choices and value not in choices):
            raise self._wrong(key, " or ".join(repr(choice) for choice in choices) or "text")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"a whole number from {low} to {high}")
        return value

    def integers(self, key: str, low: int, high: int) -> Tuple[int, ...]:
        values = self.items(key)
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise self._wrong(key, f"a list of whole numbers from {low} to {high}")
        return tuple(values)

    def texts(self, key: str) -> Tuple[str, ...]:
        values = self.items(key)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(key, "a list of texts")
        return tuple(values)

    def items(self, key: str) -> List[Any]:
        value = self.get(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return value

    def mapping(self, key: str) -> Dict[str, Any]:
        value = self.get(key)
        if not isinstance(value, dict):
            raise self._wrong(key, "an object")
        return dict(value)

    def _wrong(self, key: str, expected: str) -> Exception:
        return self.refuse(f"'{key}' of {self.where} must be {expected}, but is {_shown(self.raw[key])}")


def _shown(value: Any) -> str:
    text = type(value).__name__ if isinstance(value, (dict, list)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
