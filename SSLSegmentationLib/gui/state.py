"""How the state of a panel is declared: a plain data class whose fields may name nodes of the scene and paths."""

from __future__ import annotations

import dataclasses
from typing import Any, List

NODE = "node"
PATH = "path"


def node_field() -> Any:
    """A field that holds the id of a node ("" for none). It is kept as a reference, so it follows the node when a scene is
    saved, loaded or imported."""
    return dataclasses.field(default="", metadata={NODE: True})


def node_list_field() -> Any:
    """A field that holds a list of node ids, each "" or an id."""
    return dataclasses.field(default_factory=_empty, metadata={NODE: True})


def path_field() -> Any:
    """A field that holds a path ("" for none). It is this computer's: it is kept in the settings, so it outlives the scene and
    does not travel with it."""
    return dataclasses.field(default="", metadata={PATH: True})


def path_list_field() -> Any:
    """A field that holds a list of paths, kept as `path_field` is."""
    return dataclasses.field(default_factory=_empty, metadata={PATH: True})


def is_node_field(field: "dataclasses.Field[Any]") -> bool:
    return bool(field.metadata.get(NODE, False))


def is_path_field(field: "dataclasses.Field[Any]") -> bool:
    return bool(field.metadata.get(PATH, False))


def _empty() -> List[str]:
    return []
