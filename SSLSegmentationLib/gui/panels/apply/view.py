"""The panel Apply."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, List, Optional

import qt
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.models import Model, card_text, open_model
from SSLSegmentationLib.gui.operation import Operation, Progress
from SSLSegmentationLib.gui.panels.apply import logic
from SSLSegmentationLib.gui.panels.apply.state import FOLDER, SCENE, VOLUME, ApplyState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.scene import display, editor, volumes
from SSLSegmentationLib.gui.settings import LAST_MODEL
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

VOLUME_TYPES = ["vtkMRMLScalarVolumeNode"]
CHOOSE = "choose"


class ApplyPanel(Panel[ApplyState]):
    """Volumes and a model in, segmentations out."""

    name = "apply"
    state_type = ApplyState

    def build(self) -> None:
        rows = self.form
        self.scope = rows.add(
            _("Apply to"),
            form.choice([(VOLUME, _("one volume")), (SCENE, _("all volumes of the scene")), (FOLDER, _("a folder of scans"))]),
            _("What is segmented: one volume, every volume that is loaded, or all scan files of a folder."),
        )
        self.volume = rows.add(_("Volume"), form.node_selector(VOLUME_TYPES), _("The scan to segment."))
        self.more_channels: List[Any] = []
        self.folder = rows.add(
            _("Folder"), form.path_edit(folder=True), _("Folder of NIfTI, NRRD or MHA files; each one is a scan.")
        )
        self.output = rows.add(
            _("Results in"), form.path_edit(folder=True), _("Folder for the segmentations, one .seg.nrrd file per scan.")
        )
        self.model = rows.add(
            _("Model"), form.choice([]), _("A model from your own trainings, or a model file from someone else (.zip).")
        )
        self.card = rows.add_wide(form.note())
        self.apply_button = form.button(_("Apply"), _("Segments with the model; earlier segmentations stay as they are."))
        self.apply_button.setObjectName("applyButton")
        rows.add_wide(self.apply_button)
        self.progress = ProgressRow(self.connections)
        rows.add_wide(self.progress.widget)
        self.edit_button = form.button(_("Correct in Segment Editor"), _("Opens the new segmentation in the Segment Editor."))
        self.show_button = form.button(_("Show in 3D"), _("Shows or hides the surfaces in the 3D view."))
        self.show_button.setCheckable(True)
        self.after = rows.add_wide(form.row(self.edit_button, self.show_button))
        self.operation: Optional[Operation[Any]] = None
        self._models: List[Model] = []
        self.connect(self.scope, "currentIndexChanged(int)", self._chosen)
        self.connect(self.volume, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        self.connect(self.folder, "currentPathChanged(QString)", self._chosen)
        self.connect(self.output, "currentPathChanged(QString)", self._chosen)
        self.connect(self.model, "activated(int)", self._model_chosen)
        self.connect(self.apply_button, "clicked()", self.apply)
        self.connect(self.edit_button, "clicked()", self._edit)
        self.connect(self.show_button, "toggled(bool)", self._show_in_3d)

    def enter(self) -> None:
        super().enter()
        if self.widget.visible and not self._missing() and self.session.has_engine():
            # It reads torch while the person looks at the panel.
            self.session.engine.warm()

    def show_state(self) -> None:
        state = self.state
        blocked = [(control, control.blockSignals(True)) for control in (self.scope, self.folder, self.output)]
        form.select(self.scope, state.scope)
        state.volume = form.show_node(self.volume, state.volume, otherwise=display.shown_volume())
        self.folder.currentPath = state.folder
        self.output.currentPath = state.output_folder
        for control, before in blocked:
            control.blockSignals(before)
        self._fill_models()
        self._show_channels()
        for control, visible in (
            (self.volume, state.scope == VOLUME),
            (self.folder, state.scope == FOLDER),
            (self.output, state.scope == FOLDER),
        ):
            self.form.set_visible(control, visible)
        running = self.operation is not None
        self.apply_button.setEnabled(not running and not self._missing())
        self.apply_button.setToolTip(self._missing() or _("Segments with the model; earlier segmentations stay as they are."))
        self.after.setVisible(bool(self._last_result()) and not running)

    def apply(self) -> None:
        """Starts segmenting, after a question where a scan does not look like what the model was trained on."""
        model = self._current_model()
        missing = self._missing()
        if model is None or missing:
            raise SSLSegmentationError("usage.arguments", missing or _("No model is chosen."), hint="")
        if self.state.scope == FOLDER:
            steps: Any = logic.segment_folder(self.session, Path(self.state.folder), Path(self.state.output_folder), model)
        else:
            cases = self._cases()
            doubts = [f"{volumes.name_of(case[0])}: {doubt}" for case in cases for doubt in logic.concerns(case, model)]
            question = _("These scans do not look like those that the model was trained on:\n\n{doubts}\n\nApply it anyway?")
            if doubts and not messages.confirm(question.format(doubts="\n".join(doubts))):
                return
            steps = logic.segment(self.session, cases, model)
        self._began = time.monotonic()
        self.operation = self.session.run(steps, on_progress=self._progressed, on_done=self._done, on_error=self._failed)
        self.progress.start(self.operation)
        self.show_state()

    def _progressed(self, progress: Progress) -> None:
        self.progress.show(progress)

    def _done(self, results: List[Any]) -> None:
        self.operation = None
        seconds = time.monotonic() - self._began
        if self.state.scope == FOLDER:
            failed = [row for row in results if "error" in row]
            self.progress.finish(
                _("{done} of {all} scans segmented in {seconds:.1f} s.").format(
                    done=len(results) - len(failed), all=len(results), seconds=seconds
                )
                + "".join(f"\n{row['error']['message']}" for row in failed)
            )
        else:
            made = [result.segmentation for result in results if result.error is None]
            self.state.results = [node.GetID() for node in made]
            self.save()
            lines = [_("Segmentations made: {count}, in {seconds:.1f} s.").format(count=len(made), seconds=seconds)]
            lines += [f"{result.name}: {warning}" for result in results for warning in result.warnings]
            lines += [f"{result.name}: {result.error.message} {result.error.hint}" for result in results if result.error]
            self.progress.finish("\n".join(lines))
            if made:
                display.show_segmentation(made[-1])
        self.show_state()

    def _failed(self, error: SSLSegmentationError) -> None:
        self.operation = None
        self.progress.finish(messages.cancelled_text() if error.code == "job.cancelled" else f"{error.message} {error.hint}")
        self.show_state()
        messages.show_error(error)

    def _chosen(self) -> None:
        self.state.scope = self.scope.currentData
        self.state.volume = self.volume.currentNodeID or ""
        self.state.more_channels = [selector.currentNodeID or "" for selector in self.more_channels]
        self.state.folder = self.folder.currentPath
        self.state.output_folder = self.output.currentPath
        self.save()
        self.show_state()

    def _model_chosen(self) -> None:
        value = self.model.currentData
        if value == CHOOSE:
            chosen = qt.QFileDialog.getOpenFileName(self.widget, _("Choose a model"), "", _("Models (*.zip model.json)"))
            if chosen:
                path = Path(chosen)
                self.state.model = str(open_model(path.parent if path.name == "model.json" else path).path)
        else:
            self.state.model = value or ""
        self.save()
        self.show_state()

    def _fill_models(self) -> None:
        latest = str(self.session.settings.get(LAST_MODEL) or "")
        if latest and latest != self.state.offered:
            self.state.model = self.state.offered = latest
        self._models = self.session.models.find(segments=True)
        known = {str(model.path) for model in self._models}
        if self.state.model and self.state.model not in known:
            try:
                self._models.append(open_model(Path(self.state.model)))
            except SSLSegmentationError as error:
                self.card.setText(f"{error.message} {error.hint}")
        entries = [(str(model.path), model.title) for model in self._models]
        form.fill_choice(self.model, [*entries, (CHOOSE, _("Choose a file …"))])
        form.select(self.model, self.state.model or (entries[0][0] if entries else CHOOSE))
        model = self._current_model()
        if model is not None:
            self.state.model = str(model.path)
            self.card.setText(card_text(model))
        elif not self.state.model:
            self.card.setText(_("No model yet: train one under 'Fine-tune', or choose a model file."))

    def _current_model(self) -> Optional[Model]:
        return next((model for model in self._models if str(model.path) == self.model.currentData), None)

    def _show_channels(self) -> None:
        """One selector per further channel of the model."""
        model = self._current_model()
        wanted = len(model.card.channels) - 1 if model is not None and self.state.scope == VOLUME else 0
        while len(self.more_channels) < wanted:
            selector = form.node_selector(VOLUME_TYPES)
            number = len(self.more_channels) + 2
            self.form.add(
                _("Channel {number}").format(number=number),
                selector,
                _("A further channel of the same scan, in the model's order."),
            )
            self.more_channels.append(selector)
            self.connect(selector, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        for number, selector in enumerate(self.more_channels):
            self.form.set_visible(selector, number < wanted)

    def _cases(self) -> List[List[Any]]:
        if self.state.scope == SCENE:
            return [[node] for node in volumes.all_volumes()]
        nodes = [self.volume.currentNode()]
        model = self._current_model()
        if model is not None:
            nodes += [selector.currentNode() for selector in self.more_channels[: len(model.card.channels) - 1]]
        return [[node for node in nodes if node is not None]]

    def _missing(self) -> str:
        """What has to be chosen before Apply can be pressed; empty if nothing."""
        if self._current_model() is None:
            return _("Choose a model first.")
        if self.state.scope == FOLDER:
            if not self.state.folder or not self.state.output_folder:
                return _("Choose the folder of the scans and a folder for the results.")
        elif not any(self._cases()):
            return _("Load a volume first.")
        return ""

    def _last_result(self) -> Any:
        for identifier in reversed(self.state.results):
            node = slicer.mrmlScene.GetNodeByID(identifier)
            if node is not None:
                return node
        return None

    def _edit(self) -> None:
        editor.open_in_editor(self._last_result())

    def _show_in_3d(self, shown: bool) -> None:
        self.session.run(display.show_in_3d(self._last_result(), shown=shown), on_error=messages.show_error)
