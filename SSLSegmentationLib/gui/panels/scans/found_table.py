"""The table of what was found: a line per scan, with its problems in red and what to know in amber."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import qt

from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.gui.panels.scans.rows import FoundRow, all_notes, all_problems, label_text
from SSLSegmentationLib.gui.texts import _

# Dark enough on white, light enough on black.
RED, AMBER = "#d83a34", "#b97a00"
# More scans are counted and looked at, but only those with problems get a line.
MOST_LINES = 2000
_LINES_SHOWN = 4
# What a cell shows: its text, its tooltip and its colour ("" for the usual one).
Cell = Tuple[str, str, str]


class FoundTable:
    """`widget` is the table. Rows are kept by position; `refresh` follows the tissue table and the modality."""

    def __init__(self) -> None:
        self.rows: List[FoundRow] = []
        self.tissues = TissueTable(())
        self.modality = ""
        self.only_problems = False
        self.widget = qt.QTableWidget()
        self.widget.setColumnCount(2)
        self.widget.setHorizontalHeaderLabels([_("Scan"), _("Labels, problems")])
        self.widget.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        self.widget.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        self.widget.setWordWrap(True)
        self.widget.verticalHeader().setVisible(False)
        header = self.widget.horizontalHeader()
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(1, qt.QHeaderView.Stretch)
        line = 3 * self.widget.fontMetrics().height() + 6
        self.widget.verticalHeader().setDefaultSectionSize(line)
        self.widget.setMinimumHeight(line * _LINES_SHOWN)
        self._lines: Dict[int, int] = {}
        self._shown: Dict[int, Tuple[Cell, ...]] = {}

    def clear(self) -> None:
        self.rows = []
        self._lines.clear()
        self._shown.clear()
        self.widget.setRowCount(0)

    def put(self, position: int, row: FoundRow) -> None:
        """A row that is new, or is known better now."""
        if position == len(self.rows):
            self.rows.append(row)
        else:
            self.rows[position] = row
        self._show(position)

    def refresh(self, *, tissues: TissueTable, modality: str, only_problems: bool) -> None:
        """Shows all rows with another tissue table, modality or choice of lines; cells that stay are not touched."""
        self.tissues, self.modality, self.only_problems = tissues, modality, only_problems
        for position in range(len(self.rows)):
            self._show(position)

    def _show(self, position: int) -> None:
        row = self.rows[position]
        problems = all_problems(row, self.tissues)
        line = self._lines.get(position)
        if line is None:
            if len(self._lines) >= MOST_LINES and not problems:
                return
            line = self._lines[position] = len(self._lines)
            self.widget.setRowCount(line + 1)
        cells = self._cells(row, problems)
        if self._shown.get(position) != cells:
            self._shown[position] = cells
            for column, cell in enumerate(cells):
                self.widget.setItem(line, column, _item(cell))
        hidden = self.only_problems and not problems
        if self.widget.isRowHidden(line) != hidden:
            self.widget.setRowHidden(line, hidden)

    def _cells(self, row: FoundRow, problems: Tuple[str, ...]) -> Tuple[Cell, ...]:
        modality = (row.modality or self.modality).upper()
        chosen = "" if row.modality else _("{modality} is what you chose: the scan does not tell.").format(modality=modality)
        kind = _("labelled") if row.labelled else _("no labels")
        files = "\n".join(str(path) for path in (*row.images, *([row.label] if row.label is not None else [])))
        lines = [row.name, f"{modality}, {kind}"]
        if row.size is not None and row.spacing is not None:
            lines[1] += ", " + " × ".join(str(count) for count in row.size)
            lines.append(" × ".join(f"{value:.3g}" for value in row.spacing) + " mm")
        order = _("Voxels and their size in mm along columns, rows and slices.")
        scan: Cell = ("\n".join(lines), "\n".join(part for part in (row.name, files, order, chosen) if part), "")
        return scan, self._labels(row, problems)

    def _labels(self, row: FoundRow, problems: Tuple[str, ...]) -> Cell:
        names, notes = label_text(row, self.tissues), all_notes(row, self.modality)
        faults = (*problems, *notes)
        lines = [part for part in (names, f"⚠ {_without_paths(row, faults[0])}" if faults else "") if part]
        counted = [
            _("{name}: {count} voxels").format(name=label.name, count=label.voxels)
            for label in row.labels or ()
            if label.voxels is not None
        ]
        tooltip = "\n".join([*faults, *(counted or [names])])
        return "\n".join(lines), tooltip, RED if problems else AMBER if notes else ""


def _without_paths(row: FoundRow, text: str) -> str:
    """A problem that names the row's files by what they are: their paths would fill the cell."""
    for path in row.images:
        text = text.replace(str(path), _("The scan") if len(row.images) == 1 else path.name)
    return text.replace(str(row.label), _("The label map")) if row.label is not None else text


def _item(cell: Cell) -> Any:
    text, tooltip, color = cell
    item = qt.QTableWidgetItem(text)
    item.setToolTip(tooltip)
    if color:
        item.setForeground(qt.QBrush(qt.QColor(color)))
    return item
