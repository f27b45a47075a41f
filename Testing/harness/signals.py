"""Signals by their C++ signature, and slots that are called as PythonQt calls them."""

from __future__ import annotations

import contextlib
import inspect
import sys
from typing import Any, Callable, Optional

from PyQt6.QtCore import QMetaObject, QObject

from .calls import from_qt, to_qt
from .record import record

Slot = Callable[..., Any]
_KEPT = "_harness_connections"


class _Connections:
    """The connections of one Qt object, kept with it: signature, the callable itself (strong), how to end it."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Slot, Callable[[], None]]] = []


def _connections(sender: QObject) -> _Connections:
    kept = QObject.property(sender, _KEPT)
    if kept is None:
        kept = _Connections()
        QObject.setProperty(sender, _KEPT, kept)
    return kept


def wanted_arguments(slot: Slot) -> Optional[int]:
    """How many arguments a plain function or method takes, default ones counted; None: it gets all."""
    code = getattr(getattr(slot, "__func__", slot), "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return None
    return int(code.co_argcount) - (1 if inspect.ismethod(slot) else 0)


def _own_name(slot: object) -> str:
    name = getattr(slot, "__qualname__", None) or getattr(slot, "__name__", None) or repr(slot)
    return f"{getattr(slot, '__module__', '')}.{name}"


def slot_name(slot: Slot) -> str:
    """Module and name; of a wrapper defined inside a function also what it wraps."""
    wrapped = []
    for cell in getattr(slot, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # a variable that has no value yet
            wrapped.append(cell.cell_contents)
    return " of ".join([_own_name(slot), *(_own_name(value) for value in wrapped if inspect.isroutine(value))])


def caller(slot: Slot, *, n_arguments: int) -> Callable[..., None]:
    """What Qt calls: hands the signal's arguments on, less the surplus ones."""
    wanted = wanted_arguments(slot)
    name = slot_name(slot)
    limit = n_arguments if wanted is None else min(wanted, n_arguments)

    def call(*args: Any) -> None:
        record.run_slot(name, lambda: slot(*(from_qt(value) for value in args[:limit])))

    return call


def native(sender: QObject, name: str) -> Any:
    """PyQt's own signal, which holds bound methods weakly: for the stand-ins, whose counterparts are C++ inside."""
    return object.__getattribute__(sender, name)


def _types(signature: str) -> list[str]:
    inside = signature.partition("(")[2].rpartition(")")[0]
    return [part for part in inside.split(",") if part]


def _find(sender: QObject, signal: str) -> Optional[tuple[Any, str]]:
    """The native signal and its normalised signature; None when the object has no such signal."""
    signature = bytes(QMetaObject.normalizedSignature(signal)).decode()
    aliases: dict[str, str] = getattr(type(sender), "_signal_aliases", {})
    name = aliases.get(signature)
    if name is not None:
        return object.__getattribute__(sender, name), signature
    if "(" not in signature or QObject.metaObject(sender).indexOfSignal(signature) < 0:
        return None
    native = object.__getattribute__(sender, signature.partition("(")[0])
    types = _types(signature)
    try:
        return native[tuple(types)] if types else native, signature
    except KeyError:
        return native, signature


def connect(sender: QObject, signal: str, slot: Slot) -> bool:
    """`obj.connect("clicked(bool)", f)`; False and a message on stderr where the signal does not exist."""
    if not callable(slot):
        raise TypeError(f"the second argument of connect must be callable, not {slot!r}")
    found = _find(sender, signal)
    if found is None:
        text = f"QObject::connect() signal '{signal}' does not exist on {type(sender).__name__}"
        record.unknown_signals.append(text)
        print(text, file=sys.stderr)
        return False
    native, signature = found
    call = caller(slot, n_arguments=len(_types(signature)))
    native.connect(call)
    _connections(sender).all.append((signature, slot, lambda: native.disconnect(call)))
    return True


def disconnect(sender: QObject, signal: str, slot: Optional[Slot] = None) -> bool:
    """Ends the connections of a signal, or the newest one to `slot`; whether there was any."""
    found = _find(sender, signal)
    if found is None:
        text = f"QObject::disconnect() signal '{signal}' does not exist on {type(sender).__name__}"
        record.unknown_signals.append(text)
        print(text, file=sys.stderr)
        return False
    kept = _connections(sender)
    matching = [entry for entry in reversed(kept.all) if entry[0] == found[1] and slot in (None, entry[1])]
    for entry in matching if slot is None else matching[:1]:
        entry[2]()
        kept.all.remove(entry)
    return bool(matching)


class Signal:
    """`obj.clicked`: connect, disconnect, emit; the first overload only, as in PythonQt."""

    def __init__(self, sender: QObject, name: str) -> None:
        self._sender = sender
        self._native = object.__getattribute__(sender, name)
        self._signature = str(self._native.signal)[1:]

    def connect(self, slot: Slot) -> bool:
        return connect(self._sender, self._signature, slot)

    def disconnect(self, slot: Optional[Slot] = None) -> bool:
        return disconnect(self._sender, self._signature, slot)

    def emit(self, *args: Any) -> None:
        self._native.emit(*(to_qt(value) for value in args))
