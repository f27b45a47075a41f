"""How the state of a panel is declared: a plain data class whose fields may name nodes of the scene."""

from __future__ import annotations

import dataclasses
from typing import Any, List

NODE = "node"


def node_field() -> Any:
    """A field that holds the id of a node ("" for none). It is kept as a reference, so it follows the node when a scene is
    saved, loaded or imported."""
    return dataclasses.field(default="", metadata={NODE: True})


def node_list_field() -> Any:
    """A field that holds a list of node ids, each "" or an id."""
    return dataclasses.field(default_factory=_no_ids, metadata={NODE: True})


def is_node_field(field: "dataclasses.Field[Any]") -> bool:
    return bool(field.metadata.get(NODE, False))


def _no_ids() -> List[str]:
    return []
