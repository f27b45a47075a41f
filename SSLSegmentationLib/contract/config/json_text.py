"""Strict JSON: a key given twice, NaN, Infinity and endless nesting are refused instead of read as something else."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

from SSLSegmentationLib.contract.errors import SSLSegmentationError


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """A dictionary of `pairs`; ValueError where a key comes twice, since the last one would win in silence."""
    result: Dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key '{key}' is given twice")
        result[key] = value
    return result


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def load_json(text: str, *, source: str) -> Any:
    """What `text` holds. `source` names it in messages. Errors: `config.unreadable`."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SSLSegmentationError("config.unreadable", f"{source} is not valid JSON: {error}.") from error
