"""Dice per tissue of a training, as it stands."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

import qt

from SSLSegmentationLib.gui.texts import _

_MOST_ROWS_SHOWN = 8
_ROW_HEIGHT = 22


class DiceTable:
    """Two columns, tissue and Dice, with the mean in the first line; hidden while there is nothing to show."""

    def __init__(self) -> None:
        table: Any = qt.QTableWidget()
        self.widget = table
        table.setColumnCount(2)
        table.setHorizontalHeaderLabels([_("Tissue"), _("Dice")])
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.horizontalHeader().setSectionResizeMode(1, qt.QHeaderView.ResizeToContents)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionMode(qt.QAbstractItemView.NoSelection)
        table.setToolTip(
            _("Agreement with the labels of scans that are not trained on: 1 is perfect, 0 is none. Updated at each validation.")
        )
        table.setVisible(False)
        self._shown: List[Tuple[str, str]] = []

    def show(self, scores: Mapping[str, float], *, mean: Optional[float]) -> None:
        """Shows the scores of the last validation."""
        lines = [] if mean is None else [(_("all (mean)"), f"{mean:.3f}")]
        lines += [(tissue, f"{score:.3f}") for tissue, score in scores.items()]
        if lines == self._shown:
            return
        self._shown = lines
        table = self.widget
        table.setRowCount(len(lines))
        for number, texts in enumerate(lines):
            for column, text in enumerate(texts):
                table.setItem(number, column, qt.QTableWidgetItem(text))
        rows = min(len(lines), _MOST_ROWS_SHOWN)
        height = table.horizontalHeader().height + sum(table.rowHeight(number) for number in range(rows))
        table.setFixedHeight(height + 2 * table.frameWidth)
        table.setVisible(bool(lines))
