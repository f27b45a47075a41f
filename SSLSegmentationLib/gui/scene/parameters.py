"""The module's state: plain data classes kept in the module's parameter node of the scene, their paths in the settings."""

from __future__ import annotations

import dataclasses
import json
import logging
import typing
from typing import Any, Callable, Dict, List, Type, TypeVar

import slicer

from SSLSegmentationLib.gui.settings import Settings
from SSLSegmentationLib.gui.state import is_node_field, is_path_field

MODULE_NAME = "SSLSegmentation"
State = TypeVar("State")
_LOG = logging.getLogger(__name__)


class ParameterStore:
    """Loads and saves data classes whose fields are str, int, float, bool, lists and dicts of JSON-able values.

    Fields made by `node_field` and `node_list_field` are kept as node references, those made by `path_field` and
    `path_list_field` in the settings.
    """

    def __init__(self, node: Any, settings: Settings) -> None:
        self._node = node
        self._settings = settings

    @classmethod
    def of_module(cls, settings: Settings, module: str = MODULE_NAME) -> "ParameterStore":
        """The store of the one parameter node that a module has in the scene; it stays when the scene is closed."""
        found = slicer.mrmlScene.GetSingletonNode(module, "vtkMRMLScriptedModuleNode")
        if found is not None:
            return cls(found, settings)
        node = slicer.vtkMRMLScriptedModuleNode()
        node.SetName(module)
        node.SetModuleName(module)
        node.SetSingletonTag(module)
        node.SetHideFromEditors(True)
        node.SetAttribute("ModuleName", module)
        return cls(slicer.mrmlScene.AddNode(node), settings)

    @property
    def node(self) -> Any:
        return self._node

    def load(self, state: Type[State], *, prefix: str) -> State:
        """The stored state. What is missing, unknown or invalid gets its default, with a warning in the log."""
        values: Dict[str, Any] = {}
        hints = typing.get_type_hints(state)
        for field in dataclasses.fields(typing.cast(Any, state)):
            key = _key(prefix, field)
            if is_node_field(field):
                values[field.name] = self._load_nodes(key, hints[field.name])
                continue
            text = self._path_text(key) if is_path_field(field) else self._node.GetParameter(key)
            if text:
                values.update(_valid(state, field.name, text, hints[field.name]))
        try:
            return state(**values)
        except (ValueError, TypeError) as error:
            _LOG.warning("The stored values of %s do not fit together and are not used: %s", prefix, error)
            return state()

    def save(self, state: Any, *, prefix: str) -> None:
        """Keeps every field. Observers of the parameter node hear of it once, and only where something changed."""
        modifying = self._node.StartModify()
        try:
            for field in dataclasses.fields(state):
                key, value = _key(prefix, field), getattr(state, field.name)
                if is_node_field(field):
                    self._save_nodes(key, value)
                elif is_path_field(field):
                    self._save_path(key, value)
                else:
                    self._save_value(key, value)
        finally:
            self._node.EndModify(modifying)

    def _save_value(self, key: str, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False)
        if self._node.GetParameter(key) != text:
            self._node.SetParameter(key, text)

    def _save_path(self, key: str, value: Any) -> None:
        if self._settings.get(key, type(value)()) != value:
            self._settings.set(key, value)

    def _path_text(self, key: str) -> str:
        kept = self._settings.get(key)
        return "" if kept is None else json.dumps(kept)

    def _load_nodes(self, key: str, hint: Any) -> Any:
        if hint is str:
            return self._node_id(key)
        count = self._node.GetParameter(key)
        return [self._node_id(f"{key}.{index}") for index in range(int(count))] if count.isdigit() else []

    def _save_nodes(self, key: str, value: Any) -> None:
        if isinstance(value, str):
            self._reference(key, value)
            return
        ids: List[str] = list(value)
        before = self._node.GetParameter(key)
        for index in range(len(ids), int(before) if before.isdigit() else 0):
            self._reference(f"{key}.{index}", "")
        for index, node_id in enumerate(ids):
            self._reference(f"{key}.{index}", node_id)
        if before != str(len(ids)):
            self._node.SetParameter(key, str(len(ids)))

    def _reference(self, role: str, node_id: str) -> None:
        if (self._node.GetNodeReferenceID(role) or "") != node_id:
            self._node.SetNodeReferenceID(role, node_id or None)

    def _node_id(self, role: str) -> str:
        # A reference may outlive its node.
        return str(self._node.GetNodeReferenceID(role)) if self._node.GetNodeReference(role) is not None else ""


def _key(prefix: str, field: "dataclasses.Field[Any]") -> str:
    return f"{prefix}.{field.name}"


def _valid(state: Callable[..., Any], name: str, text: str, hint: Any) -> Dict[str, Any]:
    """The value of a field by its name; empty where its type or the class itself refuses it."""
    try:
        value = _parse(text, hint)
        # Alone first: a value that the class refuses does not take the others with it.
        state(**{name: value})
    except (ValueError, TypeError) as error:
        _LOG.warning("A stored value of '%s' is not used: %s", name, error)
        return {}
    return {name: value}


def _parse(text: str, hint: Any) -> Any:
    value = json.loads(text)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not _fits(value, hint):
        raise ValueError(f"{text[:80]} is not {hint}")
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is what a field's type says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin is typing.Union:
        return any(_fits(value, one) for one in arguments)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is list:
        return isinstance(value, list) and all(_fits(entry, arguments[0]) for entry in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(entry, arguments[1]) for entry in value.values())
    return isinstance(value, hint) if isinstance(hint, type) else False
