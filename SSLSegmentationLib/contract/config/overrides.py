"""One setting changed from the command line: "train.max_steps=5"."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from SSLSegmentationLib.contract.config.fields import infos
from SSLSegmentationLib.contract.config.json_text import load_json
from SSLSegmentationLib.contract.config.sections import SECTIONS, Config
from SSLSegmentationLib.contract.config.values import invalid
from SSLSegmentationLib.contract.errors import SSLSegmentationError

_TEXT_KINDS = ("text", "path", "paths", "choice")


def _kind(section: str, name: str) -> str:
    known = infos(SECTIONS[section]) if section in SECTIONS else infos(Config) if not section else {}
    return known[name].kind if name in known else ""


def _value(text: str, kind: str) -> Any:
    """`text` read as JSON where it is JSON; a path or name that looks like a number stays text."""
    if kind in _TEXT_KINDS and text[:1] not in ("[", '"') and text != "null":
        return text
    try:
        return load_json(text, source="The value")
    except SSLSegmentationError:
        return text


def apply_override(raw: Mapping[str, Any], override: str) -> Dict[str, Any]:
    """A copy of `raw` with "key=value" or "section.key=value" set. Errors: `config.invalid_value`."""
    if not isinstance(raw, Mapping):
        raise invalid("config", raw, "sections of keys and values")
    key, equals, text = override.partition("=")
    section, _, name = key.strip().rpartition(".")
    if not equals or not name or "." in section:
        raise SSLSegmentationError(
            "config.invalid_value",
            f"'{override}' does not set a value.",
            hint="Write --set section.key=value, such as --set train.max_steps=500.",
        )
    result = dict(raw)
    value = _value(text.strip(), _kind(section, name))
    if not section:
        result[name] = value
        return result
    inner = result.get(section)
    if inner is not None and not isinstance(inner, Mapping):
        raise invalid(section, inner, "a section of keys and values")
    result[section] = {**(inner or {}), name: value}
    return result
