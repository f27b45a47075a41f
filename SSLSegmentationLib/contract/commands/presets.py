"""`sslseg presets [NAME]`: the presets, or every value of one with its unit, range and source."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from typing import Any

from SSLSegmentationLib.contract.commands.output import print_json, print_table
from SSLSegmentationLib.contract.config import as_dict, describe, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.presets import PRESETS, TITLES, sources


def _text(value: Any) -> str:
    """A value as the config file has it."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _list(*, as_json: bool) -> None:
    if as_json:
        print_json([{"name": name, "title": TITLES[name], "changes": PRESETS[name]} for name in PRESETS])
        return
    print_table([(name, TITLES[name]) for name in PRESETS], header=("preset", "for"))
    sys.stdout.write("\n'sslseg presets NAME' shows every value.\n")


def _show(name: str, *, as_json: bool) -> None:
    config = parse({"preset": name})
    origin = sources(name)
    rows = [row.as_dict() for row in describe(config)]
    if as_json:
        entries = [{**row, "source": origin.get(row["key"], "")} for row in rows]
        print_json({"name": name, "title": TITLES[name], "config": as_dict(config), "values": entries})
        return
    sys.stdout.write(f"{name}: {TITLES[name]}\n\n")
    table = [
        (
            row["key"],
            _text(row["value"]),
            row["unit"],
            row["range"],
            row["help"] + (f" ({source})" if (source := origin.get(row["key"])) else ""),
        )
        for row in rows
    ]
    print_table(table, header=("key", "value", "unit", "range", "meaning (source)"))


def run(arguments: argparse.Namespace) -> int:
    """Prints the list, or one preset. Errors: `config.invalid_value` for a name that does not exist."""
    if arguments.name is None:
        _list(as_json=arguments.json)
        return 0
    if arguments.name not in PRESETS:
        nearest = difflib.get_close_matches(arguments.name, list(PRESETS), n=1, cutoff=0.5)
        hint = f"Did you mean '{nearest[0]}'?" if nearest else f"Presets: {', '.join(PRESETS)}."
        raise SSLSegmentationError("config.invalid_value", f"There is no preset '{arguments.name}'.", hint=hint)
    _show(arguments.name, as_json=arguments.json)
    return 0
