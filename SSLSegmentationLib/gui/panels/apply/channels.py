"""The choosers of the further channels of a model that needs several volumes per scan."""

from __future__ import annotations

from typing import Any, Callable, List, Sequence

import qt

from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form

VOLUME_TYPES = ["vtkMRMLScalarVolumeNode"]


class Channels:
    """One row per further channel, below the first volume; `connect` is called with each chooser that is made."""

    def __init__(self, connect: Callable[[Any], None]) -> None:
        self.widget = qt.QWidget()
        self.selectors: List[Any] = []
        self._connect = connect
        self._rows = form.Form(self.widget)
        self._rows.layout.setContentsMargins(0, 0, 0, 0)
        self._shown = 0

    @property
    def nodes(self) -> List[Any]:
        """The chosen volumes, None for a channel without one."""
        return [selector.currentNode() for selector in self.selectors[: self._shown]]

    @property
    def ids(self) -> List[str]:
        return [selector.currentNodeID or "" for selector in self.selectors]

    def show(self, ids: Sequence[str], *, count: int) -> None:
        """Shows `count` rows with the volumes of these ids; nothing is chosen by itself."""
        while len(self.selectors) < count:
            selector = form.node_selector(VOLUME_TYPES, optional=True, none_text=_("none"))
            self._rows.add(
                _("Channel {number}").format(number=len(self.selectors) + 2),
                selector,
                _("A further channel of the same scan, in the order that the model names below."),
            )
            self.selectors.append(selector)
            self._connect(selector)
        self._shown = count
        self.widget.setVisible(count > 0)
        for number, selector in enumerate(self.selectors):
            form.show_node(selector, ids[number] if number < len(ids) else "")
            self._rows.set_visible(selector, number < count)
