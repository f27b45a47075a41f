"""Translation of what a person reads; outside of Slicer texts stay as they are."""

from __future__ import annotations

from typing import Any, Callable, cast

try:
    # Slicer's own; it has no types.
    from slicer.i18n import tr as _slicer_tr

    _: Callable[[str], str] = cast(Any, _slicer_tr)
except ImportError:

    def _(text: str) -> str:
        """`text` in the language of Slicer."""
        return text


def duration(seconds: float) -> str:
    """ "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds} s").format(minutes=whole // 60, seconds=whole % 60)
    return _("{hours} h {minutes} min").format(hours=whole // 3600, minutes=whole % 3600 // 60)
