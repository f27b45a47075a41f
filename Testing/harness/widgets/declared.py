"""Qt properties that only keep a value, with their setter methods."""

from __future__ import annotations

from typing import Any

from PyQt6 import QtCore, QtWidgets


def keeping(base: type[QtWidgets.QWidget], kinds: dict[str, Any], *, changed: str = "") -> type[Any]:
    """A subclass with these properties, kept in `self._settings`; `changed` is the method called after each change."""
    members: dict[str, Any] = {"_stands_for_cpp": True}
    for name, kind in kinds.items():
        get, put = _accessors(name, kind, changed)
        members[name] = QtCore.pyqtProperty(kind, get, put)
        members[f"set{name[0].upper()}{name[1:]}"] = put
    return type(f"{base.__name__}WithSettings", (base,), members)


def _accessors(name: str, kind: Any, changed: str) -> tuple[Any, Any]:
    def get(self: Any) -> Any:
        return self._settings[name]

    def put(self: Any, value: Any) -> None:
        self._settings[name] = list(value) if kind == "QStringList" else value
        if changed:
            getattr(self, changed)()

    return get, put
