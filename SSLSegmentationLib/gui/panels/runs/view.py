"""The panel Runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional, Tuple

import qt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.panels.runs import logic
from SSLSegmentationLib.gui.panels.runs.state import RunsState
from SSLSegmentationLib.gui.run import RUNNING, Run
from SSLSegmentationLib.gui.run_list import RunRow
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.form import is_seen
from SSLSegmentationLib.gui.widgets.live_run import LiveRun
from SSLSegmentationLib.gui.widgets.runs_table import RunsTable

LOOK_MILLISECONDS = 1000


class RunsPanel(Panel[RunsState]):
    """All runs of this computer, whoever started them."""

    name = "runs"
    state_type = RunsState

    def build(self) -> None:
        self.run: Optional[Run] = None
        self._looking: Optional[Operation[Any]] = None
        self._reading: Optional[Operation[Any]] = None
        self._stopping: Optional[Operation[Any]] = None
        self._filling: Optional[Operation[Any]] = None
        rows = self.form
        self.empty = rows.add_wide(form.note(_("No runs yet: they begin under 'Pretrain' and 'Fine-tune'.")))
        self.table = RunsTable()
        rows.add_wide(self.table.widget, _("All trainings on this computer, the newest first. Select one to see how it went."))
        self.live = LiveRun(self.connections, state=lambda: self.state, save=self.save)
        self.story = form.note()
        self.details = rows.add_wide(qt.QGroupBox())
        inside = qt.QVBoxLayout(self.details)
        inside.addWidget(self.story)
        inside.addWidget(self.live.widget)
        self._build_buttons(inside)
        self.connect(self.table.widget, "itemSelectionChanged()", self._selected)
        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK_MILLISECONDS)
        self.connect(self._timer, "timeout()", self.look)

    def _build_buttons(self, inside: Any) -> None:
        self.resume_button = form.button(_("Resume"), "")
        self.apply_button = form.button(_("Apply this model"), "")
        self.open_button = form.button(_("Open folder"), _("Shows the files of the run: model, log, config."))
        self.report_button = form.button(
            _("Copy report"), _("Copies state, versions, device and the last log lines. Names and folders are masked.")
        )
        self.delete_button = form.button(_("Delete …"), "")
        inside.addWidget(form.row(self.resume_button, self.apply_button))
        inside.addWidget(form.row(self.open_button, self.report_button, self.delete_button))
        for control, handler in (
            (self.resume_button, self.resume),
            (self.apply_button, self.apply_model),
            (self.open_button, self.open_folder),
            (self.report_button, self.copy_report),
            (self.delete_button, self.delete),
        ):
            self.connect(control, "clicked()", handler)

    def enter(self) -> None:
        super().enter()
        self._timer.start()
        self.look()

    def exit(self) -> None:
        self._timer.stop()
        self.live.leave()

    def cleanup(self) -> None:
        self._timer.stop()
        super().cleanup()

    def scene_closing(self) -> None:
        self._looking = self._reading = self._stopping = self._filling = None

    def look(self) -> None:
        """Looks for what is new, while the panel can be seen; a little at each tick of the session."""
        if not is_seen(self.widget) or self._looking is not None:
            return
        self._looking = self.session.run(self.session.runs.refresh(), on_done=self._looked, on_error=self._look_failed)
        self._read_on()

    def show_state(self) -> None:
        rows = self.session.runs.rows
        self.empty.setVisible(not rows)
        self.table.widget.setVisible(bool(rows))
        blocked = self.table.widget.blockSignals(True)
        self.table.show(rows)
        self.table.select(Path(self.state.selected) if self.state.selected else None)
        self.table.widget.blockSignals(blocked)
        if not self.table.complete and self._filling is None:
            self._filling = self.session.run(self.table.fill(), on_done=self._filled, on_error=self._fill_failed)
        selected = self.table.selected
        if selected is None:
            self._show_run(None)
        elif self.run is None or self.run.path != selected.path:
            self._show_run(Run(self.session.runs.handle(selected.path)))
        self._show_details()

    def resume(self) -> None:
        """Goes on with the selected run."""
        if self.run is not None:
            self._show_run(training.resume(self.session, self.run))
            self._after_change()

    def stop(self) -> None:
        """Ends the selected run."""
        if self.run is not None and self._stopping is None:
            steps = training.stop(self.run)
            show = self.live.progress.show
            self._stopping = self.session.run(steps, on_progress=show, on_done=self._stopped, on_error=self._stop_failed)

    def delete(self) -> None:
        """Removes the selected run, after a question."""
        run = self.run
        if run is None:
            return
        question = _("Delete the run '{name}' with its model and its log? This cannot be undone.")
        if run.handle.state() == RUNNING or messages.confirm(question.format(name=run.name)):
            training.delete(run)
            self.state.selected = ""
            self.save()
            self._after_change()

    def apply_model(self) -> None:
        """Chooses the run's model in Apply."""
        if self.run is not None:
            logic.apply_model(self.session, self.run)

    def open_folder(self) -> None:
        """Shows the run's files in the computer's file manager."""
        if self.run is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self.run.path)))

    def copy_report(self) -> None:
        """Puts the report on the clipboard."""
        if self.run is not None:
            qt.QApplication.clipboard().setText(logic.report(self.run))
            messages.say(_("The report was copied."))

    def _selected(self) -> None:
        row = self.table.selected
        self.state.selected = "" if row is None else str(row.path)
        self.save()
        self.show_state()
        self._read_on()

    def _looked(self, _rows: Tuple[RunRow, ...]) -> None:
        self._looking = None
        self.show_state()

    def _filled(self, _nothing: None) -> None:
        self._filling = None

    def _fill_failed(self, error: SSLSegmentationError) -> None:
        self._filling = None
        messages.show_error(error)

    def _look_failed(self, error: SSLSegmentationError) -> None:
        self._looking = None
        messages.show_error(error)

    def _read_on(self) -> None:
        """Reads the history of the selected run, and what is new of it."""
        if self.run is not None and self._reading is None:
            self._reading = self.session.run(logic.read_on(self.run), on_done=self._read, on_error=self._read_failed)

    def _read(self, run: Run) -> None:
        self._reading = None
        if run is self.run:
            self.live.update_chart()
            self._show_details()
        else:
            # Another one was selected meanwhile.
            self._read_on()

    def _read_failed(self, error: SSLSegmentationError) -> None:
        self._reading = None
        messages.show_error(error)

    def _stopped(self, _state: str) -> None:
        self._stopping = None
        self._after_change()

    def _stop_failed(self, error: SSLSegmentationError) -> None:
        self._stopping = None
        messages.show_error(error)

    def _after_change(self) -> None:
        """Something was done with a run: the table shows it without waiting for the next second."""
        self._looking = None
        self.look()
        self._show_details()

    def _show_run(self, run: Optional[Run]) -> None:
        if run is not self.run:
            self.run = run
            self.live.follow(run)

    def _show_details(self) -> None:
        run = self.run
        self.details.setVisible(run is not None)
        if run is None:
            return
        self.details.setTitle(run.name)
        self.story.setText(logic.story(run))
        running = run.state == RUNNING
        if not running:
            self.live.progress.finish("")
        elif self._stopping is None:
            self.live.progress.start_with(self.stop)
            self.live.progress.show(run.progress)
        self.live.show()
        self._offer(self.resume_button, training.why_not_resumable(self.session, run), _("Goes on from its last checkpoint."))
        self._offer(self.apply_button, logic.why_no_model(run), _("Chooses this model in 'Apply'."))
        why_not = _("It is running: stop it first.") if running else ""
        self._offer(self.delete_button, why_not, _("Removes the run's folder, its model and its log with it."))

    def _offer(self, control: Any, why_not: str, tooltip: str) -> None:
        control.setEnabled(not why_not)
        control.setToolTip(why_not or tooltip)
