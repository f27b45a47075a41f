"""The look of PythonQt on PyQt6's own classes, patched in place: objects that Qt itself makes have it as well."""

from __future__ import annotations

import weakref
from typing import Any

from PyQt6 import QtCore, sip
from PyQt6.QtCore import QObject

from . import signals
from .calls import QT_MODULES, Method, from_qt, refuse_keywords, to_qt
from .enums import copy_members

_plain_get = object.__getattribute__
_dressed: set[type] = set()
_kinds: dict[tuple[type, str], str] = {}
timers: weakref.WeakSet[QtCore.QTimer] = weakref.WeakSet()


def is_wrapped(cls: type) -> bool:
    """Does the class stand for one written in C++ (Qt's own, or a stand-in that says so)?"""
    return cls.__module__.startswith(("PyQt6.", "sip")) or "_stands_for_cpp" in vars(cls)


def dress(cls: type) -> None:
    """Unscoped enums and checked static methods for a class and its bases."""
    for base in cls.__mro__:
        if base in _dressed or not base.__module__.startswith("PyQt6."):
            continue
        _dressed.add(base)
        getattr(base, "__doc__", None)  # PyQt fills a class at its first access
        copy_members(base)
        for name, value in list(vars(base).items()):
            if type(value).__name__ == "methoddescriptor" and "(self" not in (value.__get__(None, base).__doc__ or "(self"):
                setattr(base, name, staticmethod(Method(value.__get__(None, base), None, name)))


def _kind(self: QObject, name: str) -> str:
    """What a name is on this object: python, property, signal, method, value or missing."""
    cls = type(self)
    found = _kinds.get((cls, name))
    if found is None:
        dress(cls)
        found = _kinds[(cls, name)] = _look_up(self, cls, name)
    return found


def _look_up(self: QObject, cls: type, name: str) -> str:
    owner = next((base for base in cls.__mro__ if name in vars(base)), None)
    if owner is not None and not is_wrapped(owner) and owner is not object:
        return "signal" if isinstance(vars(owner)[name], QtCore.pyqtSignal) else "python"
    hidden = name == "singleShot" and isinstance(self, QtCore.QTimer)
    if cls.staticMetaObject.indexOfProperty(name) >= 0 and not hidden:
        return "property"
    if owner is None:
        return "missing"
    value = vars(owner)[name]
    if isinstance(value, QtCore.pyqtSignal):
        return "signal"
    if callable(value) or type(value).__name__ == "methoddescriptor":
        return "value" if isinstance(value, type) else "method"
    return "value"


def _get(self: QObject, name: str) -> Any:
    if name[0] == "_":
        return _plain_get(self, name)
    name = "objectName" if name == "name" and _kind(self, "name") == "missing" else name
    kind = _kind(self, name)
    if kind == "python" or name in _plain_get(self, "__dict__"):
        return _plain_get(self, name)
    if kind == "property":
        if sip.isdeleted(self):
            raise ValueError(f"Trying to read property '{name}' from a destroyed {type(self).__name__} object")
        return from_qt(QObject.property(self, name))
    if kind == "signal":
        return signals.Signal(self, name)
    if kind == "method":
        return Method(_plain_get(self, name), self, name)
    if kind == "value":
        return _plain_get(self, name)
    return _last_resort(self, name)


def _last_resort(self: QObject, name: str) -> Any:
    """Dynamic properties, `exec_` for `exec`, children by their name."""
    if not sip.isdeleted(self):
        if bytes(name, "utf-8") in [bytes(known) for known in QObject.dynamicPropertyNames(self)]:
            return from_qt(QObject.property(self, name))
        if name.endswith("_") and _kind(self, name[:-1]) == "method":
            return _get(self, name[:-1])
        for child in QObject.children(self):
            if QObject.objectName(child) == name:
                return child
    raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")


def _set(self: QObject, name: str, value: Any) -> None:
    wrapped = is_wrapped(type(self))
    if name[0] == "_" and (not wrapped or "_stands_for_cpp" in vars(type(self))):
        object.__setattr__(self, name, value)
        return
    name = "objectName" if name == "name" else name
    kind = _kind(self, name)
    if kind == "property":
        if not QObject.setProperty(self, name, to_qt(value)):
            raise AttributeError(f"Property '{name}' of {type(self).__name__} does not accept {value!r}")
    elif kind in ("signal", "method", "value"):
        raise AttributeError(f"{type(self).__name__}.{name} is a {kind} and can't be overwritten")
    elif wrapped:
        raise AttributeError(
            f"'{name}' does not exist on {type(self).__name__} and creating new attributes on C++ objects is not allowed"
        )
    else:
        object.__setattr__(self, name, value)


def _get_plain(self: Any, name: str) -> Any:
    """For Qt's value classes, which have no properties: only the methods are checked."""
    value = _plain_get(self, name)
    if name[0] != "_" and type(value).__name__ == "builtin_function_or_method":
        dress(type(self))
        return Method(value, self, name)
    return value


def _checked_init(original: Any) -> Any:
    def __init__(self: Any, *args: Any, **keywords: Any) -> None:
        refuse_keywords(keywords)
        original(self, *(to_qt(value) for value in args))
        if isinstance(self, QtCore.QTimer):
            timers.add(self)

    return __init__


def _class_name(self: QObject) -> str:
    return str(QObject.metaObject(self).className())


def apply() -> None:
    """Patches PyQt6 once."""
    if QObject in _dressed:
        return
    native_init = sip.simplewrapper.__init__
    for module in QT_MODULES:
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__bases__[0] in (sip.simplewrapper, sip.wrapper):
                cls.__init__ = _checked_init(native_init)
                if cls is not QObject:
                    cls.__getattribute__ = _get_plain
    patches = {"connect": signals.connect, "disconnect": signals.disconnect, "className": _class_name}
    for name, function in patches.items():
        setattr(QObject, name, function)
    QObject.__getattribute__ = _get
    QObject.__setattr__ = _set
    QObject.__bool__ = lambda self: not sip.isdeleted(self)
    dress(QObject)
    dress(QtCore.Qt)
