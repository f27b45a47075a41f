"""Labelled scans from the scene: a volume with the segmentation that labels it, as a list."""

from __future__ import annotations

from typing import Any, Sequence, Set, Tuple

import ctk
import qt

from SSLSegmentationLib.gui.panels.scans.scene_rows import is_there
from SSLSegmentationLib.gui.panels.scans.state import SceneScan
from SSLSegmentationLib.gui.scene import display
from SSLSegmentationLib.gui.scene.nodes import name_of, node_by_id
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form

VOLUME_TYPES = ["vtkMRMLScalarVolumeNode"]
SEGMENTATION_TYPES = ["vtkMRMLSegmentationNode"]
_PAIRS_SHOWN = 3


class ScenePairs:
    """Selectors of a pair, buttons that add it or the one on screen, and the list of pairs."""

    def __init__(self) -> None:
        self.widget = ctk.ctkCollapsibleGroupBox()
        self.widget.title = _("Labelled scans from the scene")
        self.widget.setToolTip(_("Volumes that are loaded, each with the segmentation that labels it."))
        rows = form.Form(self.widget)
        self.volume = rows.add(_("Volume"), form.node_selector(VOLUME_TYPES), _("The scan of a labelled pair."))
        self.segmentation = rows.add(
            _("Segmentation"), form.node_selector(SEGMENTATION_TYPES), _("Its segments are the tissues; they must not overlap.")
        )
        self.add_button = form.button(_("Add this pair"), _("Adds the volume with the segmentation chosen above."))
        self.add_current_button = form.button(
            _("Add the current ones"), _("Adds the volume in the slice views with its segmentation in the Segment Editor.")
        )
        rows.add_wide(form.row(self.add_button, self.add_current_button))
        self.pairs = qt.QListWidget()
        self.pairs.setSelectionMode(qt.QAbstractItemView.ExtendedSelection)
        self.pairs.setToolTip(
            _(
                "The labelled pairs. They are saved when a training starts, as they are then, and stay in the list "
                "when the scene is closed."
            )
        )
        self.pairs.setFixedHeight((self.pairs.fontMetrics().height() + 6) * _PAIRS_SHOWN)
        rows.add_wide(self.pairs)
        self.remove_button = form.button(
            _("Remove from the list"), _("The selected pairs are not learned from; nodes and files stay.")
        )
        rows.add_wide(self.remove_button)

    def chosen(self) -> Tuple[Any, Any]:
        """The nodes of the selectors; None where nothing is chosen."""
        return self.volume.currentNode(), self.segmentation.currentNode()

    def on_screen(self) -> Tuple[Any, Any]:
        """The volume in the slice views with the segmentation that is edited on it, else those of the selectors."""
        volume = display.shown_volume() or self.volume.currentNode()
        segmentation = display.edited_segmentation(volume) if volume is not None else None
        return volume, segmentation or self.segmentation.currentNode()

    def show(self, scans: Sequence[SceneScan]) -> None:
        """Lists the labelled scans from the scene."""
        more = len(scans) > self.pairs.count
        self.pairs.clear()
        for scan in scans:
            self.pairs.addItem(_line(scan))
        self.remove_button.setEnabled(bool(scans))
        if more:
            self.widget.collapsed = False

    def selected_lines(self) -> Set[int]:
        """The positions of the selected pairs."""
        return {self.pairs.row(item) for item in self.pairs.selectedItems()}


def _line(scan: SceneScan) -> str:
    names = [name_of(node_by_id(node)) for node in (scan.volume, scan.segmentation)]
    if is_there(scan):
        return " + ".join(names)
    if scan.saved:
        return _("saved: {name}").format(name=scan.saved["id"])
    return _("⚠ gone: {names}").format(names=" + ".join(name or "?" for name in names))
