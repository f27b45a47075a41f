"""What every training is asked: how long it lasts, and its name."""

from __future__ import annotations

from typing import Any, Iterator, Tuple

import qt

from SSLSegmentationLib.gui.panels.budgets import EPOCHS, MINUTES, PRESET
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.field_help import field_limits, field_tip

_LONGEST_MINUTES, _MOST_EPOCHS = 10_000.0, 100_000


class RunSettings:
    """Two rows of a form; `show` and `read` take any state with `budget`, `minutes`, `epochs` and `name`."""

    def __init__(self, rows: form.Form) -> None:
        self.budget = form.choice([(MINUTES, _("minutes")), (EPOCHS, _("epochs")), (PRESET, _("as the preset"))])
        low, high = field_limits("train.max_minutes", low=0.01, high=_LONGEST_MINUTES)
        self.minutes = form.number(low=low, high=high, value=1, unit=_("min"), decimals=2, step=5)
        low, high = field_limits("train.max_epochs", low=1, high=_MOST_EPOCHS)
        self.epochs = form.number(low=low, high=high, value=1, unit=_("epochs"), step=10)
        self.minutes.setToolTip(field_tip("train.max_minutes", _("How long it trains.")))
        self.epochs.setToolTip(field_tip("train.max_epochs", _("How often it sees as many images as there are.")))
        rows.add(_("Stop after"), form.row(self.budget, self.minutes, self.epochs), _("How long it trains: minutes, or epochs."))
        self.budget.setToolTip(_("Whether it trains for a time, for a number of epochs, or as long as the preset says."))
        self.name = rows.add(_("Name"), qt.QLineEdit(), _("Name of the run and of its model; empty: the date and time."))
        self.name.setPlaceholderText(_("date and time"))

    def signals(self) -> Iterator[Tuple[Any, str]]:
        """What tells that a person changed something."""
        yield self.budget, "activated(int)"
        yield self.minutes, "valueChanged(double)"
        yield self.epochs, "valueChanged(int)"
        yield self.name, "textEdited(QString)"

    def show(self, state: Any) -> None:
        """Writes the state to the controls; whoever calls it has blocked their signals."""
        form.select(self.budget, state.budget)
        form.show_number(self.minutes, state.minutes)
        form.show_number(self.epochs, state.epochs)
        if self.name.text != state.name:
            self.name.setText(state.name)
        self.minutes.setVisible(state.budget == MINUTES)
        self.epochs.setVisible(state.budget == EPOCHS)

    def read(self, state: Any) -> None:
        """Writes what the controls show to the state."""
        state.budget = self.budget.currentData
        state.minutes, state.epochs = float(self.minutes.value), int(self.epochs.value)
        state.name = str(self.name.text)
