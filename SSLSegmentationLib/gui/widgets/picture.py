"""Grey pictures in a panel: side by side where there is room, one under the other where there is not."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import qt

# From this width of the panel on, in pixels of the screen, pictures stand side by side.
WIDE = 560
_HIGHEST = 420
_GAP = 4
# No style's scroll bar is wider.
_SCROLL_BAR = 24

Pixels = npt.NDArray[np.uint8]


class _OnResize(qt.QObject):  # type: ignore[misc]  # Qt has no types here
    """Calls `resized` after its parent has got another size."""

    def __init__(self, parent: Any, resized: Callable[[], None]) -> None:
        super().__init__(parent)
        self._resized = resized

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802  # Qt's name
        if event.type() == qt.QEvent.Resize:
            self._resized()
        return False


class Pictures:
    """Titled pictures that fill the width they get and keep the true shape of the body."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.widget = qt.QWidget()
        self._layout = qt.QBoxLayout(qt.QBoxLayout.TopToBottom, self.widget)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(_GAP)
        self.titles: List[Any] = []
        self.labels: List[Any] = []
        for title in titles:
            self._add(title)
        self._shown: List[Any] = [None] * len(titles)
        self._spacing = (1.0, 1.0)
        self._drawn_width = 0
        self._filter: Optional[_OnResize] = _OnResize(self.widget, self._resized)
        self.widget.installEventFilter(self._filter)

    def show(self, pictures: Sequence[Pixels], *, spacing: Tuple[float, float]) -> None:
        """Shows a picture (rows, columns) of grey values under each title; `spacing` is mm between rows, and columns."""
        self._shown = [pixmap_of(pixels) for pixels in pictures]
        self._spacing = spacing
        self._draw()

    def clear(self) -> None:
        """Shows nothing."""
        self._shown = [None] * len(self.labels)
        for label in self.labels:
            label.clear()

    def set_title(self, number: int, title: str) -> None:
        self.titles[number].setText(title)

    def close(self) -> None:
        """Nothing is called any more when the size changes."""
        if self._filter is not None and self.widget:
            self.widget.removeEventFilter(self._filter)
        self._filter = None

    def _add(self, title: str) -> None:
        part = qt.QWidget()
        column = qt.QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        label, text = qt.QLabel(), qt.QLabel(title)
        for one in (text, label):
            one.setAlignment(qt.Qt.AlignCenter)
        # A picture must not keep the panel from becoming narrower.
        label.setMinimumWidth(1)
        column.addWidget(text)
        column.addWidget(label)
        self._layout.addWidget(part)
        self.titles.append(text)
        self.labels.append(label)

    def _resized(self) -> None:
        # A little more room may be that of a scroll bar that goes because the pictures are small enough: larger ones
        # would bring it back, without end.
        if self.widget and not 0 <= self.widget.width - self._drawn_width <= _SCROLL_BAR:
            self._draw()

    def _draw(self) -> None:
        width = self._drawn_width = int(self.widget.width)
        beside = width >= WIDE
        self._layout.setDirection(qt.QBoxLayout.LeftToRight if beside else qt.QBoxLayout.TopToBottom)
        room = (width - _GAP * (len(self.labels) - 1)) // len(self.labels) if beside else width
        for label, pixmap in zip(self.labels, self._shown):
            if pixmap is not None:
                size = fitted(pixmap.width(), pixmap.height(), spacing=self._spacing, width=room, height=_HIGHEST)
                label.setFixedHeight(size[1])
                label.setPixmap(pixmap.scaled(size[0], size[1], qt.Qt.IgnoreAspectRatio, qt.Qt.SmoothTransformation))


def fitted(columns: int, rows: int, *, spacing: Tuple[float, float], width: int, height: int) -> Tuple[int, int]:
    """The largest (width, height) on the screen within bounds that keeps the true proportions; at least 1 each."""
    wide, high = columns * spacing[1], rows * spacing[0]
    scale = min(width / wide, height / high)
    return max(1, int(wide * scale)), max(1, int(high * scale))


def pixmap_of(pixels: Pixels) -> Any:
    """A picture of grey values (rows, columns), whose memory is Qt's own.

    PythonQt has no image constructor for bytes, but loads any picture file from them: a PGM is a header and the bytes.
    """
    rows, columns = pixels.shape
    pixmap = qt.QPixmap()
    pixmap.loadFromData(qt.QByteArray(b"P5\n%d %d\n255\n" % (columns, rows) + np.ascontiguousarray(pixels).tobytes()))
    return pixmap
