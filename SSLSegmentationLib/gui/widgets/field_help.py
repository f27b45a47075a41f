"""What a person is told of a config's setting: its meaning, range and unit, from the one table that holds them."""

from __future__ import annotations

from typing import Any, Tuple

from SSLSegmentationLib.contract.config import SECTIONS, FieldInfo, infos
from SSLSegmentationLib.contract.presets import TITLES
from SSLSegmentationLib.gui.texts import _

_NUMBERS = ("int", "float", "ints", "floats", "pairs")


def field_info(key: str) -> FieldInfo:
    """The facts of a setting by its dotted key, such as "train.learning_rate"."""
    section, _dot, name = key.partition(".")
    return infos(SECTIONS[section])[name]


def field_tip(key: str, text: str = "") -> str:
    """A tooltip for a number: `text` (else the setting's own meaning), then the values that it can take with their unit."""
    return tip_of(field_info(key), text)


def tip_of(info: FieldInfo, text: str = "") -> str:
    """As `field_tip`; what has no numbers has no range: its control shows what it can be."""
    meaning = text or info.help[:1].upper() + info.help[1:] + "."
    if info.kind not in _NUMBERS:
        return meaning
    return _("{meaning}\nAllowed: {range}.").format(meaning=meaning, range=info.range_text())


def dims_tip() -> str:
    """A tooltip for the choice between a network of two dimensions and one of three."""
    return _(
        "2D learns from one slice at a time: quicker, and right for thick slices. 3D learns from blocks of slices: slower, "
        "and for scans of thin slices."
    )


def preset_tip(meaning: str, preset: str) -> str:
    """A tooltip for the choice of a preset: what the control does, then what the chosen one is for."""
    title = TITLES.get(preset, "")
    return _("{meaning}\nChosen: {title}.").format(meaning=meaning, title=title) if title else meaning


def field_limits(key: str, *, low: float, high: float) -> Tuple[float, float]:
    """The range of a number: what the setting allows, within what a control can show."""
    info = field_info(key)
    lowest: Any = low if info.low is None else max(low, info.low)
    highest: Any = high if info.high is None else min(high, info.high)
    return lowest, highest
