"""Translation of what a person reads; outside of Slicer texts stay as they are."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

try:
    from slicer import i18n as _i18n
except ImportError:
    _i18n = None

_PLACEHOLDER = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")


def _(text: str) -> str:
    """`text`, a literal, in the language of Slicer.

    As Slicer's own `tr`, which in Slicer 5.6 reads the whole call stack for each text (up to 0.1 s).
    """
    return _translated(sys._getframe(1).f_code.co_filename, text)


@lru_cache(maxsize=None)
def _translated(file: str, text: str) -> str:
    """The translation of a text of a source file; the language stays the same until Slicer is started anew."""
    if _i18n is None:
        return text
    translated = str(_i18n.translate(_i18n.getContext(file), text))
    # A translation with other placeholders would make `format` fail.
    return translated if set(_PLACEHOLDER.findall(translated)) == set(_PLACEHOLDER.findall(text)) else text


def duration(seconds: float) -> str:
    """ "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds} s").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)
