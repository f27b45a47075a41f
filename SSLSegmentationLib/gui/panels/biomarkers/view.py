"""The panel Biomarkers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Optional

import qt
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.biomarkers import logic
from SSLSegmentationLib.gui.panels.biomarkers.state import BiomarkersState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.scene import display, plots, segmentations, tables
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

VOLUME_TYPES = ["vtkMRMLScalarVolumeNode"]
SEGMENTATION_TYPES = ["vtkMRMLSegmentationNode"]


class BiomarkersPanel(Panel[BiomarkersState]):
    """A segmentation in, a table out."""

    name = "biomarkers"
    state_type = BiomarkersState

    def build(self) -> None:
        rows = self.form
        self.segmentation = rows.add(
            _("Segmentation"), form.node_selector(SEGMENTATION_TYPES), _("Its segments are measured, edited by hand or not.")
        )
        self.volume = rows.add(
            _("Volume"), form.node_selector(VOLUME_TYPES), _("The scan whose intensities are measured (HU on CT).")
        )
        self.parameter_map = rows.add(
            _("Parameter map"),
            form.node_selector(VOLUME_TYPES, optional=True, none_text=_("none")),
            _("A further volume on the same grid, such as a T2 map in ms; its mean, SD and median are added."),
        )
        self.reference = rows.add(
            _("Reference"),
            form.node_selector(SEGMENTATION_TYPES, optional=True, none_text=_("none")),
            _("A right segmentation to compare with: Dice, distances in mm and errors in percent, by segment name."),
        )
        self.measure_button = form.button(_("Measure"), _("Volume in mL, areas in mm² and intensities of each segment."))
        self.measure_button.setObjectName("measureButton")
        rows.add_wide(self.measure_button)
        self.progress = ProgressRow(self.connections)
        rows.add_wide(self.progress.widget)
        self.table = _table_view()
        self.agreement = _table_view()
        rows.add_wide(self.table, _("The biomarkers. Empty cells: see the state, which says why there is no value."))
        rows.add_wide(self.agreement, _("How well the segmentation agrees with the reference."))
        self.plot_button = form.button(_("Plot by slice"), _("The area of each segment in mm² along the slices."))
        self.save_button = form.button(_("Save CSV …"), _("The table as a file for a spreadsheet or statistics program."))
        self.after = rows.add_wide(form.row(self.plot_button, self.save_button))
        self.operation: Optional[Operation[Any]] = None
        self.measured: Optional[logic.Measured] = None
        for selector in (self.segmentation, self.volume, self.parameter_map, self.reference):
            self.connect(selector, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        self.connect(self.measure_button, "clicked()", self.measure)
        self.connect(self.plot_button, "clicked()", self._plot)
        self.connect(self.save_button, "clicked()", self._save)

    def show_state(self) -> None:
        selectors = {
            "segmentation": self.segmentation,
            "volume": self.volume,
            "parameter_map": self.parameter_map,
            "reference": self.reference,
        }
        for key, selector in selectors.items():
            setattr(self.state, key, form.show_node(selector, getattr(self.state, key)))
        ready = self.segmentation.currentNode() is not None and self.volume.currentNode() is not None
        self.measure_button.setEnabled(ready and self.operation is None)
        for view, identifier in ((self.table, self.state.table), (self.agreement, self.state.agreement_table)):
            node = slicer.mrmlScene.GetNodeByID(identifier) if identifier else None
            view.setMRMLTableNode(node)
            view.setVisible(node is not None)
        self.after.setVisible(self.measured is not None)

    def measure(self) -> None:
        """Starts measuring what is chosen."""
        steps = logic.measure(
            self.session,
            self.volume.currentNode(),
            self.segmentation.currentNode(),
            parameter_map=self.parameter_map.currentNode(),
            reference=self.reference.currentNode(),
        )
        self._began = time.monotonic()
        self.operation = self.session.run(steps, on_progress=self.progress.show, on_done=self._done, on_error=self._failed)
        self.progress.start(self.operation)
        self.show_state()

    def _done(self, measured: logic.Measured) -> None:
        self.operation = None
        self.measured = measured
        name = self.segmentation.currentNode().GetName()
        state = self.state
        state.table = self._fill(state.table, measured.rows, measured.columns, _("{name} biomarkers").format(name=name))
        if measured.agreement:
            title = _("{name} agreement").format(name=name)
            state.agreement_table = self._fill(state.agreement_table, measured.agreement, logic.agreement_columns(), title)
        else:
            state.agreement_table = ""
        self.save()
        self.progress.finish(
            _("{count} tissues measured in {seconds:.1f} s. Research use only.").format(
                count=len(measured.rows), seconds=time.monotonic() - self._began
            )
        )
        self.show_state()

    def _fill(self, identifier: str, rows: Any, columns: Any, name: str) -> str:
        known = slicer.mrmlScene.GetNodeByID(identifier) if identifier else None
        node = tables.fill_table(
            known, rows, columns, name=name, units=logic.units(self.volume.currentNode(), self.segmentation.currentNode())
        )
        display.show_table(node)
        return str(node.GetID())

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        self.progress.finish(messages.cancelled_text() if error.code == "job.cancelled" else f"{error.message} {error.hint}")
        self.show_state()
        messages.show_error(error)

    def _chosen(self) -> None:
        state = self.state
        before = state.segmentation
        state.segmentation = self.segmentation.currentNodeID or ""
        node = self.segmentation.currentNode()
        own_volume = segmentations.volume_of(node) if node is not None else None
        if state.segmentation != before and own_volume is not None:
            # The scan that the segmentation was made on is what a person means.
            state.volume = own_volume.GetID()
        else:
            state.volume = self.volume.currentNodeID or ""
        state.parameter_map = self.parameter_map.currentNodeID or ""
        state.reference = self.reference.currentNodeID or ""
        self.save()
        self.show_state()

    def _plot(self) -> None:
        if self.measured is None:
            return
        columns = logic.slice_columns(self.measured)
        table, chart = plots.show_curves(
            self.state.slice_table,
            self.state.chart,
            columns,
            x="position",
            title=_("Area by slice"),
            x_title=_("position [mm]"),
            y_title=_("area [mm²]"),
        )
        self.state.slice_table, self.state.chart = table.GetID(), chart.GetID()
        self.save()
        display.show_chart(chart)

    def _save(self) -> None:
        if self.measured is None:
            return
        chosen = qt.QFileDialog.getSaveFileName(self.widget, _("Save the table"), "biomarkers.csv", _("Tables (*.csv)"))
        if chosen:
            path = Path(chosen)
            logic.save_csv(self.measured, path if path.suffix.lower() == ".csv" else path.with_name(path.name + ".csv"))
            messages.say(_("The table was saved."))


def _table_view() -> Any:
    view = slicer.qMRMLTableView()
    view.setMRMLScene(slicer.mrmlScene)
    view.setMinimumHeight(160)
    view.setVisible(False)
    return view
