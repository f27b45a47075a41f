"""A config as plain data, and as a table of every value with its unit and range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from SSLSegmentationLib.contract.config.fields import infos
from SSLSegmentationLib.contract.config.sections import SECTIONS, Config


@dataclass(frozen=True)
class ConfigRow:
    """One setting as a person reads it."""

    key: str
    value: Any
    default: Any
    unit: str
    range: str
    help: str

    def as_dict(self) -> Dict[str, Any]:
        return {
            "key": self.key,
            "value": _plain(self.value),
            "default": _plain(self.default),
            "unit": self.unit,
            "range": self.range,
            "help": self.help,
        }


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def as_dict(config: Config) -> Dict[str, Any]:
    """Every value of `config`, ready for JSON; `parse` makes the same config of it."""
    result: Dict[str, Any] = {name: getattr(config, name) for name in infos(config)}
    for section in SECTIONS:
        values = getattr(config, section)
        result[section] = {name: _plain(getattr(values, name)) for name in infos(values)}
    result["pretext"].update({name: _plain(value) for name, value in config.pretext.parameters})
    return result


def describe(config: Optional[Config] = None) -> List[ConfigRow]:
    """One row a setting, in the order of the sections; values of `config`, or the defaults."""
    shown, defaults = config or Config(), Config()
    rows = []
    for section in ("", *SECTIONS):
        values, initial = (getattr(shown, section), getattr(defaults, section)) if section else (shown, defaults)
        for name, info in infos(values).items():
            key = f"{section}.{name}" if section else name
            rows.append(ConfigRow(key, getattr(values, name), getattr(initial, name), info.unit, info.range_text(), info.help))
    return rows
