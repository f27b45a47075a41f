"""A training while it runs: progress with time left, Dice per tissue, the curve on demand, and the log folded away."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import qt

from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.run import Run
from SSLSegmentationLib.gui.run_curves import STEP, curves_of
from SSLSegmentationLib.gui.scene import display, plots
from SSLSegmentationLib.gui.scene.nodes import node_by_id
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.dice_table import DiceTable
from SSLSegmentationLib.gui.widgets.form import button
from SSLSegmentationLib.gui.widgets.log import LogView
from SSLSegmentationLib.gui.widgets.messages import say
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

# Says of a chart which run it shows.
RUN_ATTRIBUTE = "SSLSegmentation.Run"


class LiveRun:
    """Shows one run. `state` is the panel's, with the node ids `table` and `chart`; `save` keeps them."""

    def __init__(self, connections: Connections, *, state: Any, save: Any, losses: bool = True) -> None:
        self._state, self._save, self._losses = state, save, losses
        self.run: Optional[Run] = None
        self._layout: Optional[display.LayoutChange] = None
        # The ids of table and chart by the run that they show.
        self._drawn: Dict[str, Tuple[str, str]] = {}
        self.widget = qt.QWidget()
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        self.progress = ProgressRow(connections)
        self.progress.cancel_button.setText(_("Stop"))
        self.progress.cancel_button.setToolTip(_("Ends the training within 2 seconds. It can go on later: see 'Runs'."))
        self.dice = DiceTable()
        self.plot_button = button(_("Show the curve"), _("Shows the course of the training in a plot view of Slicer."))
        self.log = LogView(connections, self._log_lines)
        for part in (self.progress.widget, self.dice.widget, self.plot_button, self.log.widget):
            layout.addWidget(part)
        connections.add(self.plot_button, "clicked()", self.plot)
        self.follow(None)

    def follow(self, run: Optional[Run]) -> None:
        """Shows another run from now on, with a curve of its own."""
        self.run = run
        self._take_own_chart()
        for part in (self.plot_button, self.log.widget):
            part.setVisible(run is not None)
        self.show()

    def show(self, progress: Optional[Progress] = None) -> None:
        """Shows what is new of the run."""
        if progress is not None:
            self.progress.show(progress)
        if self.run is None:
            self.dice.show({}, mean=None)
            return
        self.dice.show(self.run.dice_by_tissue(), mean=self.run.mean_dice())
        self.log.refresh()

    def update_chart(self) -> None:
        """Adds what is new to the curve, where it was asked for."""
        if self._state().chart and self.run is not None:
            self._draw()

    def plot(self) -> None:
        """Shows the curve in the plot view."""
        chart = self._draw()
        if chart is None:
            say(_("There is no curve yet: it begins with the second step that is reported."))
        else:
            self._layout = display.show_chart(chart) or self._layout

    def leave(self) -> None:
        """The panel is left: the layout is again what it was before the curve was shown."""
        if self._layout is not None:
            display.undo_layout(self._layout)
        self._layout = None

    def _take_own_chart(self) -> None:
        """The curve of another run, perhaps of a scene that was loaded, stays as it is; one that this run has is used again."""
        if self.run is None:
            return
        state, name = self._state(), self.run.name
        shown = (state.table, state.chart)
        own = next((pair for pair in (shown, self._drawn.get(name, shown)) if _is_of(name, pair[1])), ("", ""))
        if own != shown:
            state.table, state.chart = own
            self._save()

    def _draw(self) -> Any:
        if self.run is None:
            return None
        curves = curves_of(self.run, losses=self._losses)
        if curves is None:
            return None
        state = self._state()
        table, chart = plots.show_curves(
            state.table,
            state.chart,
            curves.columns,
            x=STEP,
            other_x=curves.other_x,
            title=_("{name}: training").format(name=self.run.name),
            x_title=_("step"),
            y_title=curves.y_title,
        )
        chart.SetAttribute(RUN_ATTRIBUTE, self.run.name)
        self._drawn[self.run.name] = (table.GetID(), chart.GetID())
        if (state.table, state.chart) != (table.GetID(), chart.GetID()):
            state.table, state.chart = table.GetID(), chart.GetID()
            self._save()
        return chart

    def _log_lines(self) -> Sequence[str]:
        lines: List[str] = [] if self.run is None else self.run.handle.log_tail()
        return lines


def _is_of(run_name: str, chart_id: str) -> bool:
    chart = node_by_id(chart_id)
    return chart is not None and chart.GetAttribute(RUN_ATTRIBUTE) == run_name
