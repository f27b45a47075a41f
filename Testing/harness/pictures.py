"""Pictures of widgets, for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .watchdog import process_events


def save_picture(widget: Any, path: Path, width: int = 400) -> Path:
    """Shows the widget at that width, as high as it wants to be, and saves what it looks like as PNG."""
    widget.show()
    process_events()
    height = max(widget.sizeHint.height(), widget.minimumSizeHint.height())
    layout = widget.layout()
    if layout is not None and layout.hasHeightForWidth():
        height = max(height, layout.totalHeightForWidth(width))
    widget.resize(width, height)
    process_events()
    process_events()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path)):
        raise OSError(f"could not write {path}")
    return path
