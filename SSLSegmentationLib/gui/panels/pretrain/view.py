"""The panel Pretrain."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Optional

import qt

from SSLSegmentationLib.contract.config import Config, parse
from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.operation import Operation, Progress, Steps
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.panels.pretrain import logic
from SSLSegmentationLib.gui.panels.pretrain.controls import Controls
from SSLSegmentationLib.gui.panels.pretrain.preview_box import PreviewBox
from SSLSegmentationLib.gui.panels.pretrain.state import PretrainState
from SSLSegmentationLib.gui.panels.scans.logic import load_state as scans_state
from SSLSegmentationLib.gui.pretext_tasks import Tasks, known_tasks
from SSLSegmentationLib.gui.run import RUNNING, Run
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.form import is_seen
from SSLSegmentationLib.gui.widgets.live_run import LiveRun
from SSLSegmentationLib.gui.widgets.task_controls import TaskControls

CHART_SECONDS = 1.0
# How often it looks whether other panels or the scene have changed what it depends on.
LOOK_MILLISECONDS = 500
_WARNINGS_SHOWN = 3


class PretrainPanel(Panel[PretrainState]):
    """Unlabelled scans in, a pretrained model out."""

    name = "pretrain"
    state_type = PretrainState

    def build(self) -> None:
        self.run: Optional[Run] = None
        self.operation: Optional[Operation[Any]] = None
        self.tasks: Tasks = {}
        self._asking: Optional[Operation[Tasks]] = None
        self._looking: Optional[Operation[Any]] = None
        self._tasks_problem = ""
        self._next_chart = 0.0
        self._plotted = False
        # The curve of a run that was started here comes up by itself.
        self._plots = False
        self.own = TaskControls(self._changed)
        self.controls = Controls(self.form, self.own.widget)
        self.preview = PreviewBox(
            self.session, self.connections, state=lambda: self.state, save=self.save, config=self._preview_config
        )
        self.form.add_wide(self.preview.widget)
        self.problem = self.form.add_wide(form.note())
        self.start_button = form.button(_("Start"), "")
        self.start_button.setObjectName("startPretrainButton")
        self.form.add_wide(self.start_button)
        self.live = LiveRun(self.connections, state=lambda: self.state, save=self.save)
        self.form.add_wide(self.live.widget)
        self.connect(self.start_button, "clicked()", self.start)
        self.connect(self.controls.preset, "activated(int)", self._preset_chosen)
        for control, signal in self.controls.signals():
            self.connect(control, signal, self._changed)
        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK_MILLISECONDS)
        self.connect(self._timer, "timeout()", self.look)
        self._ask_for_tasks()

    def enter(self) -> None:
        super().enter()
        self._timer.start()
        self._ask_for_tasks()
        self._find_running()

    def exit(self) -> None:
        self._timer.stop()
        self.preview.leave()
        self.live.leave()

    def look(self) -> None:
        """Follows what other panels and the scene change: the scans, and the volume on screen."""
        if self.widget.visible and self._surroundings() != self._shown:
            self.show_state()

    def scene_closing(self) -> None:
        # The session has ended what was followed; the run itself goes on, and is followed again in the new scene.
        self.operation = self._asking = self._looking = None
        self.preview.leave()

    def cleanup(self) -> None:
        self._timer.stop()
        self.preview.close()
        self.own.close()
        super().cleanup()

    def show_state(self) -> None:
        self._shown = self._surroundings()
        task = self.tasks.get(self.state.task)
        if task is not None and self.state.dims not in task.dims:
            self.state.dims = task.dims[0]
        self.controls.show(self.state, self.tasks)
        self.own.show(task, self.state.own.get(self.state.task, {}))
        self.preview.show_state()
        self._show_problem()

    def start(self) -> None:
        """Starts the training that is set."""
        self._plots = True
        self._carry_on(logic.train(self.session, replace(self.state), self.tasks, on_started=self._started))

    def stop(self) -> None:
        """Ends the training; what is only being prepared is dropped."""
        if self.run is not None and self.run.state == RUNNING:
            steps = training.stop(self.run)
            self.session.run(steps, on_progress=self._stopping, on_error=messages.show_error, outlives_scene=True)
        elif self.operation is not None:
            self.operation.cancel()

    def _carry_on(self, steps: "Steps[Any]") -> None:
        self.operation = self.session.run(steps, on_progress=self._progressed, on_done=self._done, on_error=self._failed)
        self.live.progress.start_with(self.stop)
        self.live.progress.show(self.operation.progress)
        self._show_problem()

    def _started(self, run: Run) -> None:
        self.run, self._plotted, self._next_chart = run, False, 0.0
        self.state.run = str(run.path)
        self.save()
        self.live.follow(run)

    def _find_running(self) -> None:
        """A run that is still going, perhaps from before Slicer was closed, is shown as it goes on."""
        if self.operation is None and self._looking is None:
            steps = logic.find_running(self.session, self.state.run)
            self._looking = self.session.run(steps, on_done=self._found, on_error=self._not_found)

    def _found(self, run: Optional[Run]) -> None:
        self._looking = None
        if run is not None and self.operation is None:
            self._plots = False
            self._started(run)
            self._carry_on(training.follow(run))

    def _not_found(self, error: SSLSegmentationError) -> None:
        self._looking = None
        messages.show_error(error)

    def _progressed(self, progress: Progress) -> None:
        self.live.show(progress)
        now = time.monotonic()
        if self.run is None or now < self._next_chart:
            return
        self._next_chart = now + CHART_SECONDS
        self._show_curve()

    def _show_curve(self) -> None:
        if self._plotted or self.run is None:
            self.live.update_chart()
        elif self._plots and len(self.run.losses) > 1 and is_seen(self.widget):
            self._plotted = True
            self.live.plot()

    def _stopping(self, progress: Progress) -> None:
        # What follows the run may hear of its end first, and has the last word.
        if self.operation is not None:
            self.live.progress.show(progress)

    def _done(self, path: Any) -> None:
        self.operation = None
        self._finish(_("Done: the weights of '{name}' can be chosen in 'Fine-tune'.").format(name=path.name))

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        if error.code == "job.cancelled":
            self._finish(_("Stopped. It can go on: see 'Runs'.") if self.run is not None else messages.cancelled_text())
        else:
            self._finish(f"{error.message} {error.hint}")
            messages.show_error(error)

    def _finish(self, text: str) -> None:
        warnings = self.run.warnings[-_WARNINGS_SHOWN:] if self.run is not None else []
        self.live.show()
        self._show_curve()
        self.live.progress.finish("\n".join([text, *warnings]))
        self.run = None
        self._show_problem()

    def _ask_for_tasks(self) -> None:
        if self.tasks or self._asking is not None:
            return
        self._asking = self.session.run(known_tasks(self.session), on_done=self._tasks_told, on_error=self._tasks_not_told)

    def _tasks_told(self, tasks: Tasks) -> None:
        self._asking, self.tasks = None, tasks
        self._tasks_problem = "" if tasks else _("The engine told of no pretext task.")
        self.show_state()

    def _tasks_not_told(self, error: SSLSegmentationError) -> None:
        self._asking = None
        # A closed scene cancels everything; the next `enter` asks again.
        self._tasks_problem = "" if error.code == "job.cancelled" else f"{error.message} {error.hint}"
        self._show_problem()

    def _changed(self) -> None:
        before = self.state.task
        self.controls.read(self.state)
        if self.own.task is not None and self.own.task.name == self.state.task == before:
            self.state.own[before] = self.own.values()
        self.save()
        self.show_state()

    def _preset_chosen(self) -> None:
        logic.take_preset(self.state, self.controls.preset.currentData)
        self.save()
        self.show_state()

    def _preview_config(self) -> Config:
        """The config as the preview needs it; while the tasks are not known, their settings are not checked."""
        data = {"modality": scans_state(self.session).modality}
        config = logic.make_config(self.state, data, task=self.tasks.get(self.state.task))
        return parse({**config, "seed": self.state.seed}, tasks=self.tasks or None)

    def _surroundings(self) -> Any:
        volume = self.preview.shown_volume()
        return scans_state(self.session), None if volume is None else volume.GetID()

    def _show_problem(self) -> None:
        """What keeps the training from starting, before anyone presses Start."""
        reason = self._reason()
        self.problem.setText(reason)
        self.problem.setVisible(bool(reason))
        reason = reason or (messages.busy_text() if self.operation is not None else "")
        self.start_button.setEnabled(not reason)
        self.start_button.setToolTip(reason or _("Trains on the scans without their labels; it goes on when Slicer is closed."))

    def _reason(self) -> str:
        scans = scans_state(self.session)
        if not self.tasks:
            return self._tasks_problem or _("Looking for the pretext tasks …")
        reason = logic.why_not(scans)
        if reason:
            return reason
        try:
            logic.check(self.state, {"modality": scans.modality}, tasks=self.tasks)
        except SSLSegmentationError as error:
            return f"{error.message} {error.hint}"
        return ""
