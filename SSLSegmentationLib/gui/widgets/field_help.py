"""What a person is told of a config's setting: its meaning, range and unit, from the one table that holds them."""

from __future__ import annotations

from typing import Any, Tuple

from SSLSegmentationLib.contract.config import SECTIONS, FieldInfo, infos
from SSLSegmentationLib.gui.texts import _


def field_info(key: str) -> FieldInfo:
    """The facts of a setting by its dotted key, such as "train.learning_rate"."""
    section, _dot, name = key.partition(".")
    return infos(SECTIONS[section])[name]


def field_tip(key: str, text: str = "") -> str:
    """A tooltip: `text` (else the setting's own meaning), then the values that it can take with their unit."""
    info = field_info(key)
    meaning = text or info.help[:1].upper() + info.help[1:] + "."
    return _("{meaning}\nAllowed: {range}.").format(meaning=meaning, range=info.range_text())


def field_limits(key: str, *, low: float, high: float) -> Tuple[float, float]:
    """The range of a number: what the setting allows, within what a control can show."""
    info = field_info(key)
    lowest: Any = low if info.low is None else max(low, info.low)
    highest: Any = high if info.high is None else min(high, info.high)
    return lowest, highest
