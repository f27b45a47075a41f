"""The table of runs: a line each, kept up to date without losing what is selected."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import qt

from SSLSegmentationLib.gui.operation import Progress, Steps
from SSLSegmentationLib.gui.run import CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING
from SSLSegmentationLib.gui.run_list import RunRow
from SSLSegmentationLib.gui.texts import _

_NAME, _KIND, _STATE, _DICE, _STARTED = range(5)
# Readable on light and dark backgrounds alike.
_COLORS = {RUNNING: "#2a7fd4", DONE: "#2f9e44", FAILED: "#e03131", CANCELLED: "#868e96", INTERRUPTED: "#e8870c"}
_HEIGHT, _ROW_HEIGHT = 170, 22
# More than can be seen; some milliseconds of work.
_LINES_AT_ONCE = 40


def state_text(state: str) -> str:
    """The state of a run as a person says it."""
    words = {
        RUNNING: _("running"),
        DONE: _("done"),
        FAILED: _("failed"),
        CANCELLED: _("stopped"),
        INTERRUPTED: _("interrupted"),
    }
    return words.get(state, state)


def kind_text(command: str) -> str:
    """What a run does as a person says it."""
    return {"pretrain": _("Pretrain"), "finetune": _("Fine-tune")}.get(command, command or "–")


def started_text(started: str) -> str:
    """A time in UTC as the clock of this computer shows it: "16:30" today, else "21 Nov"; "–" where there is none."""
    try:
        moment = datetime.fromisoformat(started).astimezone()
    except ValueError:
        return "–"
    today = moment.date() == datetime.now().astimezone().date()
    return f"{moment:%H:%M}" if today else f"{moment:%d %b}"


def short_duration(seconds: float) -> str:
    """The largest unit only, for a narrow column: "45 s", "3 min", "2 h"."""
    if seconds < 60:
        return _("{seconds} s").format(seconds=round(seconds))
    if seconds < 5400:
        return _("{minutes} min").format(minutes=round(seconds / 60))
    return _("{hours} h").format(hours=round(seconds / 3600))


class RunsTable:
    """A read-only table of `RunRow`s; one line can be selected. `on_selected` signals: connect `widget`'s."""

    def __init__(self) -> None:
        self.widget = qt.QTableWidget()
        self._rows: Tuple[RunRow, ...] = ()
        # Numbers of the lines whose texts are not what their rows say.
        self._unfilled: List[int] = []
        table = self.widget
        titles = [_("Name"), _("Kind"), _("State"), _("Dice"), _("Started")]
        table.setColumnCount(len(titles))
        table.setHorizontalHeaderLabels(titles)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        table.horizontalHeader().setSectionResizeMode(_NAME, qt.QHeaderView.Stretch)
        self._set_widths(qt.QHeaderView.ResizeToContents)
        table.setMinimumHeight(_HEIGHT)

    @property
    def selected(self) -> Optional[RunRow]:
        """The run whose line is selected; None where none is."""
        row = self.widget.currentRow()
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def select(self, path: Optional[Path]) -> None:
        """Selects the run in a folder; none where it is not in the table."""
        places: Dict[Path, int] = {row.path: number for number, row in enumerate(self._rows)}
        number = -1 if path is None else places.get(path, -1)
        if number < 0:
            self.widget.clearSelection()
            self.widget.setCurrentCell(-1, -1)
        else:
            self.widget.selectRow(number)

    def show(self, rows: Sequence[RunRow]) -> None:
        """Shows the runs; the selected one stays selected. No signal is sent where that is still there."""
        if tuple(rows) == self._rows:
            return
        selected = self.selected
        blocked = self.widget.blockSignals(True)
        before, self._rows = self._rows, tuple(rows)
        self.widget.setRowCount(len(rows))
        changed = {number for number, row in enumerate(rows) if number >= len(before) or before[number] != row}
        self._unfilled = sorted(changed.union(number for number in self._unfilled if number < len(rows)))
        self._fill_some()
        self.select(selected.path if selected is not None else None)
        self.widget.blockSignals(blocked)

    @property
    def complete(self) -> bool:
        """Whether every line has its texts: `fill` goes on where many are new."""
        return not self._unfilled

    def fill(self) -> Steps[None]:
        """Fills the lines that `show` has left empty, some at a time."""
        while not self.complete:
            yield Progress(_("Looking at the runs …"))
            self._fill_some()

    def _fill_some(self) -> None:
        now, self._unfilled = self._unfilled[:_LINES_AT_ONCE], self._unfilled[_LINES_AT_ONCE:]
        blocked = self.widget.blockSignals(True)
        # Else each text that is set would have the widths of all columns computed anew.
        self._set_widths(qt.QHeaderView.Fixed)
        for number in now:
            self._fill(number, self._rows[number])
        self._set_widths(qt.QHeaderView.ResizeToContents)
        self.widget.blockSignals(blocked)

    def _set_widths(self, mode: Any) -> None:
        """How all columns but the name's get their widths."""
        for column in (_KIND, _STATE, _DICE, _STARTED):
            self.widget.horizontalHeader().setSectionResizeMode(column, mode)

    def _fill(self, number: int, row: RunRow) -> None:
        for column, text in enumerate(_cells(row)):
            item = self.widget.item(number, column)
            if item is None:
                item = qt.QTableWidgetItem()
                self.widget.setItem(number, column, item)
            if item.text() != text:
                item.setText(text)
            item.setToolTip({_NAME: f"{row.name}\n{row.path}", _STARTED: row.started}.get(column, text))
            if column == _STATE:
                item.setForeground(qt.QBrush(qt.QColor(_COLORS.get(row.state, _COLORS[CANCELLED]))))


def _cells(row: RunRow) -> List[str]:
    state: Any = state_text(row.state)
    if row.state == RUNNING and row.progress is not None:
        parts = [] if row.progress.share is None else [f"{100 * row.progress.share:.0f} %"]
        if row.progress.seconds_left is not None:
            parts.append(_("{time} left").format(time=short_duration(row.progress.seconds_left)))
        state = ", ".join(parts) or state
    return [
        row.name,
        kind_text(row.command),
        state,
        "" if row.dice is None else f"{row.dice:.3f}",
        started_text(row.started),
    ]
