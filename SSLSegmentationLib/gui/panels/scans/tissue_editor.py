"""The tissue table as a person edits it: value, name, colour and terminology of each tissue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, List, Optional

import qt

from SSLSegmentationLib.contract.tissue_file import LARGEST_VALUE
from SSLSegmentationLib.contract.tissues import Tissue, TissueTable, default_tissue
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.connections import Connections

VALUE, NAME, COLOR, TERMINOLOGY = range(4)
_LINES_SHOWN = 4
# In Slicer's text of a terminology entry the third of the parts joined by "~" is the type, as scheme^code^meaning.
_TYPE, _MODIFIER = 2, 3
NO_TERMINOLOGY = "-"


class TissueEditor:
    """`widget` holds the table and its buttons; `on_change` gets the new table after each change that can be used."""

    def __init__(self, connections: Connections, *, on_change: Callable[[TissueTable], None]) -> None:
        self._on_change = on_change
        self._tissues: List[Tissue] = []
        self.widget = qt.QWidget()
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        self.table = qt.QTableWidget()
        self.table.setColumnCount(4)
        self.table.setHorizontalHeaderLabels([_("Value"), _("Tissue"), _("Colour"), _("Terminology")])
        self.table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        self.table.setToolTip(
            _("Which value in the label maps is which tissue. Double-click a value or name to change it; click a colour.")
        )
        self.table.verticalHeader().setVisible(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(VALUE, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(NAME, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(COLOR, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(TERMINOLOGY, qt.QHeaderView.Stretch)
        self.table.setMinimumHeight((self.table.fontMetrics().height() + 12) * (_LINES_SHOWN + 1))
        layout.addWidget(self.table)
        self.add_button = form.button(_("Add"), _("A further tissue, with the next free value."))
        self.remove_button = form.button(_("Remove"), _("Takes the selected tissues out of the table; label maps stay."))
        self.fill_button = form.button(
            _("From the scans"), _("Fills the table anew with what the data set, segments and label maps name.")
        )
        layout.addWidget(form.row(self.add_button, self.remove_button, self.fill_button))
        self.note = form.note()
        self.note.setVisible(False)
        layout.addWidget(self.note)
        connections.add(self.table, "cellChanged(int,int)", self._changed)
        connections.add(self.table, "cellClicked(int,int)", self._clicked)
        connections.add(self.table, "cellDoubleClicked(int,int)", self._double_clicked)
        connections.add(self.add_button, "clicked()", self._add)
        connections.add(self.remove_button, "clicked()", self._remove)

    def show(self, tissues: TissueTable) -> None:
        """Shows a table, without telling `on_change`."""
        self._tissues = list(tissues)
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(len(self._tissues))
        for line, tissue in enumerate(self._tissues):
            self._put(line, VALUE, str(tissue.value), editable=True)
            self._put(line, NAME, tissue.name, editable=True)
            color = self._put(line, COLOR, "", editable=False)
            color.setBackground(qt.QBrush(qt.QColor(*tissue.color)))
            color.setToolTip(_("Red {}, green {}, blue {}. Click to change it.").format(*tissue.color))
            entry = self._put(line, TERMINOLOGY, meaning(tissue.terminology), editable=False)
            entry.setToolTip(
                (tissue.terminology or _("none"))
                + "\n"
                + _("Double-click to paste Slicer's text of a terminology entry ('{none}' for none).").format(none=NO_TERMINOLOGY)
            )
        self.table.blockSignals(blocked)

    def _put(self, line: int, column: int, text: str, *, editable: bool) -> Any:
        item = qt.QTableWidgetItem(text)
        flags = qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable
        item.setFlags(flags | qt.Qt.ItemIsEditable if editable else flags)
        item.setToolTip(text)
        self.table.setItem(line, column, item)
        return item

    def _changed(self, line: int, column: int) -> None:
        text = self.table.item(line, column).text().strip()
        others = [tissue for number, tissue in enumerate(self._tissues) if number != line]
        if column == VALUE:
            fault = value_fault(text, others)
            self._set(line, None if fault else replace(self._tissues[line], value=int(text)), fault=fault)
        elif column == NAME:
            fault = name_fault(text, others)
            self._set(line, None if fault else replace(self._tissues[line], name=text), fault=fault)

    def _clicked(self, line: int, column: int) -> None:
        if column != COLOR:
            return
        chosen = qt.QColorDialog.getColor(qt.QColor(*self._tissues[line].color), self.widget)
        if chosen.isValid():
            color = (chosen.red(), chosen.green(), chosen.blue())
            self._set(line, replace(self._tissues[line], color=color))

    def _double_clicked(self, line: int, column: int) -> None:
        if column != TERMINOLOGY:
            return
        text = qt.QInputDialog.getText(
            self.widget,
            _("Terminology"),
            _("Slicer's text of a terminology entry ('{none}' for none):").format(none=NO_TERMINOLOGY),
            qt.QLineEdit.Normal,
            self._tissues[line].terminology,
        )
        # The dialog gives an empty text where it was cancelled.
        if text:
            entry = "" if text.strip() == NO_TERMINOLOGY else text.strip()
            self._set(line, replace(self._tissues[line], terminology=entry))

    def _set(self, line: int, tissue: Optional[Tissue], *, fault: str = "") -> None:
        self.note.setText(fault)
        self.note.setVisible(bool(fault))
        if tissue is None:
            self.show(TissueTable(tuple(self._tissues)))
            return
        self._tissues[line] = tissue
        self._tell()

    def _add(self) -> None:
        value = max((tissue.value for tissue in self._tissues), default=0) + 1
        self._tissues.append(default_tissue(value))
        self._tell()
        self.table.selectRow(len(self._tissues) - 1)

    def _remove(self) -> None:
        lines = {item.row() for item in self.table.selectedItems()}
        self._tissues = [tissue for number, tissue in enumerate(self._tissues) if number not in lines]
        self._tell()

    def _tell(self) -> None:
        table = TissueTable.of(self._tissues, given=bool(self._tissues))
        self.show(table)
        self._on_change(table)


def value_fault(text: str, others: List[Tissue]) -> str:
    """Why a text cannot be the value of a tissue beside others; "" where it can."""
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= LARGEST_VALUE:
        return _("A value is a whole number from 1 up; 0 is the background.")
    taken = next((tissue for tissue in others if tissue.value == int(text)), None)
    return _("The value {value} is that of '{name}'.").format(value=int(text), name=taken.name) if taken is not None else ""


def name_fault(text: str, others: List[Tissue]) -> str:
    """Why a text cannot be the name of a tissue beside others; "" where it can."""
    if not text:
        return _("A tissue needs a name.")
    if text.casefold() in {tissue.name.casefold() for tissue in others}:
        return _("There is another tissue of that name.")
    return ""


def meaning(terminology: str) -> str:
    """What a terminology entry says in words: "Kidney, Right"; "" for none."""
    parts = terminology.split("~")
    words = [parts[place].split("^")[-1] for place in (_TYPE, _MODIFIER) if place < len(parts)]
    return ", ".join(word for word in words if word) or terminology
