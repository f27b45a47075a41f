"""The panel Fine-tune."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List, Optional

import qt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui import training
from SSLSegmentationLib.gui.models import Model, card_text, open_model
from SSLSegmentationLib.gui.operation import Operation, Progress, Steps
from SSLSegmentationLib.gui.panels.finetune import logic
from SSLSegmentationLib.gui.panels.finetune.controls import CHOOSE, Controls
from SSLSegmentationLib.gui.panels.finetune.correction import Correction
from SSLSegmentationLib.gui.panels.finetune.state import SCRATCH, FinetuneState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.panels.scans.logic import load_state as scans_state
from SSLSegmentationLib.gui.run import RUNNING, Run
from SSLSegmentationLib.gui.settings import LAST_FINETUNE_RUN, LAST_MODEL
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.form import is_seen
from SSLSegmentationLib.gui.widgets.live_run import LiveRun

LOOK_MILLISECONDS = 1000


class FinetunePanel(Panel[FinetuneState]):
    """Labelled scans in, a segmentation model out."""

    name = "finetune"
    state_type = FinetuneState

    def build(self) -> None:
        self.run: Optional[Run] = None
        self.operation: Optional[Operation[Any]] = None
        self._models: List[Model] = []
        self._metrics_shown = 0
        self.controls = Controls(self.form)
        self.start_button = form.button(_("Start"), "")
        self.start_button.setObjectName("startFinetuneButton")
        self.form.add_wide(self.start_button)
        self.live = LiveRun(self.connections, state=lambda: self.state, save=self.save, losses=False)
        self.form.add_wide(self.live.widget)
        self.correction = Correction(self.session)
        self.form.add_wide(self.correction.widget)
        self.connect(self.start_button, "clicked()", self.start)
        self.connect(self.controls.use_model_button, "clicked()", self._use_model)
        self.connect(self.controls.start, "activated(int)", self._start_chosen)
        for control, signal in self.controls.signals():
            self.connect(control, signal, self._changed)
        self.connect(self.controls.preset, "activated(int)", self._preset_chosen)
        for control, signal in self.correction.signals():
            self.connect(control, signal, self._correction_changed)
        self.connect(self.correction.button, "clicked()", self.continue_with)

        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK_MILLISECONDS)
        self.connect(self._timer, "timeout()", self.look)

    def enter(self) -> None:
        super().enter()
        self._timer.start()
        self._follow_again()

    def exit(self) -> None:
        self._timer.stop()
        self.live.leave()

    def cleanup(self) -> None:
        self._timer.stop()
        super().cleanup()

    def look(self) -> None:
        """Follows what other panels change: the scans, the models, the last result of Apply, a run that was resumed."""
        if not is_seen(self.widget):
            return
        self._follow_again()
        if self._surroundings() != self._shown:
            self.show_state()

    def show_state(self) -> None:
        self._shown = self._surroundings()
        self._models = self._known_models()
        model = self._model()
        self.controls.show(self.state, self._models)
        self.controls.card.setText(card_text(model) if model is not None else "")
        self.controls.card.setVisible(model is not None)
        self._show_fit(model)
        self.correction.show(self.state, model=logic.find_last_model(self.session), busy=self.operation is not None)

    def start(self) -> None:
        """Starts the training that is set."""
        self._carry_on(logic.train(self.session, replace(self.state), self._model(), on_started=self._started))

    def continue_with(self) -> None:
        """Adds the corrected scan and goes on from the last model."""
        volume, segmentation = self.correction.nodes()
        steps = logic.continue_with(self.session, replace(self.state), volume, segmentation, on_started=self._started)
        self._carry_on(steps)

    def stop(self) -> None:
        """Ends the training; what is only being prepared is dropped."""
        if self.run is not None and self.run.state == RUNNING:
            steps = training.stop(self.run)
            self.session.run(steps, on_progress=self._stopping, on_error=messages.show_error, outlives_scene=True)
        elif self.operation is not None:
            self.operation.cancel()

    def scene_closing(self) -> None:
        # The session has ended what was followed; the run itself goes on, and is followed again in the new scene.
        self.operation = None

    def _carry_on(self, steps: "Steps[Path]") -> None:
        self.operation = self.session.run(steps, on_progress=self._progressed, on_done=self._done, on_error=self._failed)
        self.live.progress.start_with(self.stop)
        self.live.progress.show(self.operation.progress)
        self.show_state()

    def _started(self, run: Run) -> None:
        self.run = run
        self._metrics_shown = 0
        self.session.settings.set(LAST_FINETUNE_RUN, str(run.path))
        self.live.follow(run)

    def _follow_again(self) -> None:
        """A run of which this panel has not shown the end, perhaps from before Slicer was closed, is followed to its end."""
        path = str(self.session.settings.get(LAST_FINETUNE_RUN) or "")
        if self.operation is not None or not path:
            return
        try:
            run = training.find_run(self.session, Path(path))
        except SSLSegmentationError:
            return
        if run.state in (RUNNING, training.DONE):
            self._started(run)
            self._carry_on(logic.follow(self.session, run))
        else:
            self.session.settings.set(LAST_FINETUNE_RUN, "")
            self.live.progress.finish(_("The training '{name}' stopped before its end: see 'Runs'.").format(name=run.name))

    def _progressed(self, progress: Progress) -> None:
        self.live.show(progress)
        if self.run is not None and len(self.run.metrics) != self._metrics_shown:
            self._metrics_shown = len(self.run.metrics)
            self.live.update_chart()

    def _stopping(self, progress: Progress) -> None:
        # What is followed may have ended before the last process has gone.
        if self.operation is not None:
            self.live.progress.show(progress)

    def _done(self, path: Path) -> None:
        self.operation = None
        dice = self.run.mean_dice() if self.run is not None else None
        text = _("Done: the model '{name}' can be chosen in 'Apply'.").format(name=path.name)
        self._finish(text if dice is None else text + " " + _("Mean Dice {dice:.3f}.").format(dice=dice))

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        if error.code == "job.cancelled":
            started = self.run is not None and self.run.state != training.DONE
            self._finish(_("Stopped. It can go on: see 'Runs'.") if started else messages.cancelled_text())
        else:
            self._finish(f"{error.message} {error.hint}")
            messages.show_error(error)

    def _finish(self, text: str) -> None:
        self.live.show()
        self.live.update_chart()
        self.live.progress.finish(text)
        if self.run is not None and self.run.state != RUNNING:
            self.session.settings.set(LAST_FINETUNE_RUN, "")
        self.run = None
        self.show_state()

    def _changed(self) -> None:
        before = (self.state.dims, self.state.preset)
        self.controls.read(self.state)
        if before != (self.state.dims, self.state.preset):
            self.state.like_model = False
        self.save()
        self.show_state()

    def _preset_chosen(self) -> None:
        self.state.learning_rate = 0.0
        self.save()
        self.show_state()

    def _correction_changed(self) -> None:
        self.correction.read(self.state)
        self.save()
        self.show_state()

    def _start_chosen(self) -> None:
        value = self.controls.start.currentData
        if value == CHOOSE:
            chosen = qt.QFileDialog.getOpenFileName(self.widget, _("Choose a model"), "", _("Models (*.zip model.json)"))
            if not chosen:
                self.show_state()
                return
            path = Path(chosen).parent if Path(chosen).name == "model.json" else Path(chosen)
            value = str(open_model(path).path)
            self.state.chosen = [*(entry for entry in self.state.chosen if entry != value), value]
        self.state.start = value
        self.state.like_model = False
        self.save()
        self.show_state()

    def _use_model(self) -> None:
        model = self._model()
        if model is not None:
            self.state.like_model = True
            self.state.dims = int(model.card.network["dims"])
            self.save()
            self.show_state()

    def _known_models(self) -> List[Model]:
        """Pretrained models first, then those that segment, then files that were chosen, each once."""
        found = [*self.session.models.find(segments=False), *self.session.models.find(segments=True)]
        # A file that was moved or deleted can no longer be chosen.
        chosen = [logic.usable_model(path) for path in self.state.chosen]
        return [*found, *(model for model in chosen if model is not None)]

    def _surroundings(self) -> Any:
        """What the controls depend on besides the panel's own state."""
        models = [*self.session.models.find(segments=False), *self.session.models.find(segments=True)]
        last = self.session.settings.get(LAST_MODEL)
        return scans_state(self.session), [str(model.path) for model in models], self.correction.nodes(), last

    def _model(self) -> Optional[Model]:
        if self.state.start == SCRATCH:
            return None
        return next((model for model in self._models if str(model.path) == self.state.start), None)

    def _show_fit(self, model: Optional[Model]) -> None:
        """What keeps the training from starting, before anyone presses Start."""
        scans = scans_state(self.session)
        reason, solvable = logic.why_not(scans), False
        if self.state.start != SCRATCH and model is None:
            reason = _("The model to start from is gone; choose another one.")
        if not reason:
            try:
                differs = logic.check(self.state, {"modality": scans.modality}, model=model)
                reason, solvable = " ".join(differs.sentences), bool(differs) and differs.solvable
            except SSLSegmentationError as error:
                reason = f"{error.message} {error.hint}"
        self.controls.show_problem(reason, solvable=solvable)
        reason = reason or (messages.busy_text() if self.operation is not None else "")
        self.start_button.setEnabled(not reason)
        self.start_button.setToolTip(reason or _("Trains a segmentation model; it goes on when Slicer is closed."))
