"""The panel Biomarkers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Optional

import qt
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.biomarkers import logic
from SSLSegmentationLib.gui.panels.biomarkers.agreement import agreement_columns
from SSLSegmentationLib.gui.panels.biomarkers.state import BiomarkersState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.scene import display, nodes, plots, segmentations, tables, volumes
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

VOLUME_TYPES = ["vtkMRMLScalarVolumeNode"]
SEGMENTATION_TYPES = ["vtkMRMLSegmentationNode"]


@dataclass(frozen=True)
class Asked:
    """What was chosen when the button was pressed; the choosers may show something else by the end."""

    segmentation: Any
    reference: Any
    name: str
    units: Mapping[str, str]
    began: float


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
        self.map_unit = rows.add(
            _("Unit of the map"), qt.QLineEdit(), _("The unit of the map's values, such as ms; the table's headers show it.")
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
        self.save_agreement_button = rows.add_wide(
            form.button(
                _("Save the agreement as CSV …"), _("The comparison with the reference as a file, as 'sslseg evaluate' does.")
            )
        )
        self.operation: Optional[Operation[Any]] = None
        self.measured: Optional[logic.Measured] = None
        self._measured_name = ""
        for selector in (self.segmentation, self.volume, self.parameter_map, self.reference):
            self.connect(selector, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        self.connect(self.map_unit, "editingFinished()", self._chosen)
        self.connect(self.measure_button, "clicked()", self.measure)
        self.connect(self.plot_button, "clicked()", self._plot)
        self.connect(self.save_button, "clicked()", self._save)
        self.connect(self.save_agreement_button, "clicked()", self._save_agreement)

    def show_state(self) -> None:
        state, before = self.state, self.state.segmentation
        state.segmentation = form.show_node(self.segmentation, state.segmentation)
        self._take_own_volume(before)
        state.volume = form.show_node(self.volume, state.volume)
        state.parameter_map = form.show_node(self.parameter_map, state.parameter_map)
        state.reference = form.show_node(self.reference, state.reference)
        self.form.set_visible(self.map_unit, bool(state.parameter_map))
        self.map_unit.setText(state.map_unit)
        ready = self.segmentation.currentNode() is not None and self.volume.currentNode() is not None
        self.measure_button.setEnabled(ready and self.operation is None)
        for view, identifier in ((self.table, state.table), (self.agreement, state.agreement_table)):
            node = nodes.node_by_id(identifier)
            view.setMRMLTableNode(node)
            view.setVisible(node is not None)
        self.after.setVisible(self.measured is not None)
        self.save_agreement_button.setVisible(self.measured is not None and bool(self.measured.agreement))

    def scene_closing(self) -> None:
        # What was measured goes with the scene.
        self.measured = None

    def measure(self) -> None:
        """Starts measuring what is chosen."""
        volume, segmentation, reference = (one.currentNode() for one in (self.volume, self.segmentation, self.reference))
        parameter_map = self.parameter_map.currentNode()
        units = logic.units(volume, segmentation, parameter_map=parameter_map, map_unit=self.state.map_unit)
        asked = Asked(segmentation, reference, nodes.name_of(segmentation), units, time.monotonic())
        steps = logic.measure(self.session, volume, segmentation, parameter_map=parameter_map, reference=reference)
        self.operation = self.session.run(
            steps,
            on_progress=self.progress.show,
            on_done=lambda measured: self._done(measured, asked),
            on_error=self._failed,
        )
        self.progress.start(self.operation)
        self.show_state()

    def _done(self, measured: logic.Measured, asked: Asked) -> None:
        self.operation = None
        self.measured, self._measured_name = measured, asked.name
        state = self.state
        title = _("{name} biomarkers").format(name=asked.name)
        state.table = self._fill(measured.rows, measured.columns, asked, title=title)
        state.agreement_table = ""
        if measured.agreement:
            title = _("{name} agreement").format(name=asked.name)
            columns = agreement_columns()
            state.agreement_table = self._fill(measured.agreement, columns, asked, title=title, reference=asked.reference)
        if nodes.node_by_id(state.chart) is not None:
            self._draw(measured)
        self.save()
        self.progress.finish(
            _("{count} tissues measured in {seconds:.1f} s. Research use only.").format(
                count=len(measured.rows), seconds=time.monotonic() - asked.began
            )
        )
        self.show_state()

    def _fill(self, rows: Any, columns: Any, asked: Asked, *, title: str, reference: Any = None) -> str:
        known = tables.find_table(asked.segmentation, reference=reference)
        facts: Mapping[str, Any] = {"segmentation": asked.segmentation, "reference": reference, "units": asked.units}
        node = tables.fill_table(known, rows, columns, name=title, **facts)
        display.show_table(node)
        return str(node.GetID())

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        self.progress.finish(messages.cancelled_text() if error.code == "job.cancelled" else f"{error.message} {error.hint}")
        self.show_state()
        messages.show_error(error)

    def _chosen(self) -> None:
        state = self.state
        before, map_before = state.segmentation, state.parameter_map
        state.segmentation = self.segmentation.currentNodeID or ""
        state.volume = self.volume.currentNodeID or ""
        state.parameter_map = self.parameter_map.currentNodeID or ""
        state.map_unit = self.map_unit.text.strip()
        if state.parameter_map != map_before:
            state.map_unit = volumes.unit_of(self.parameter_map.currentNode()) if state.parameter_map else ""
        state.reference = self.reference.currentNodeID or ""
        self._take_own_volume(before)
        self.save()
        self.show_state()

    def _take_own_volume(self, before: str) -> None:
        """Where another segmentation is chosen, the scan that it was made on is what a person means."""
        if self.state.segmentation == before:
            return
        segmentation = self.segmentation.currentNode()
        own = segmentations.volume_of(segmentation) if segmentation is not None else None
        if own is not None:
            self.state.volume = own.GetID()

    def _plot(self) -> None:
        if self.measured is not None:
            display.show_chart(self._draw(self.measured))
            self.save()

    def _draw(self, measured: logic.Measured) -> Any:
        """The chart by slice; one that is there already is drawn anew."""
        table, chart = plots.show_curves(
            self.state.slice_table,
            self.state.chart,
            logic.slice_columns(measured),
            x="position",
            title=_("Area by slice"),
            x_title=_("position [mm]"),
            y_title=_("area in {name} [mm²]").format(name=self._measured_name),
        )
        self.state.slice_table, self.state.chart = table.GetID(), chart.GetID()
        return chart

    def _save(self) -> None:
        if self.measured is not None:
            self._save_rows(self.measured.rows, self.measured.columns, proposed="biomarkers.csv")

    def _save_agreement(self) -> None:
        if self.measured is not None:
            self._save_rows(self.measured.agreement, agreement_columns(), proposed="agreement.csv")

    def _save_rows(self, rows: Any, columns: Any, *, proposed: str) -> None:
        chosen = qt.QFileDialog.getSaveFileName(self.widget, _("Save the table"), proposed, _("Tables (*.csv)"))
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() != ".csv":
            path = path.with_name(path.name + ".csv")
            # The dialog has asked about the name without the suffix only.
            if path.exists() and not messages.confirm(_("{file} is there already. Replace it?").format(file=path.name)):
                return
        logic.save_csv(path, rows, columns)
        messages.say(_("The table was saved."))


def _table_view() -> Any:
    view = slicer.qMRMLTableView()
    view.setMRMLScene(slicer.mrmlScene)
    view.setMinimumHeight(160)
    view.setVisible(False)
    return view
