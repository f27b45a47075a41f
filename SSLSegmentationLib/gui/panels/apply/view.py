"""The panel Apply."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, List, Optional

import qt

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.operation import Operation, Steps
from SSLSegmentationLib.gui.panels.apply import logic
from SSLSegmentationLib.gui.panels.apply.channels import VOLUME_TYPES, Channels
from SSLSegmentationLib.gui.panels.apply.folder import folder_doubts, segment_folder
from SSLSegmentationLib.gui.panels.apply.logic import Keep, Segmented
from SSLSegmentationLib.gui.panels.apply.model_choice import CHOOSE, ModelChoice, segmenting_model
from SSLSegmentationLib.gui.panels.apply.state import FOLDER, SCENE, VOLUME, ApplyState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.scene import display, editor, nodes, volumes
from SSLSegmentationLib.gui.settings import LAST_MODEL
from SSLSegmentationLib.gui.surfaces import show_in_3d
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

# More doubts than these are counted in the question, not listed.
MOST_LISTED = 15


@dataclass
class Batch:
    """What was asked for at one press of the button, and what came of it so far."""

    model: Model
    work: Callable[[Keep], Steps[Any]]
    began: float = 0.0
    done: List[Segmented] = field(default_factory=list)


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
        self.channels = Channels(lambda selector: self.connect(selector, "currentNodeChanged(vtkMRMLNode*)", self._chosen))
        rows.add_wide(self.channels.widget)
        self.folder = rows.add(
            _("Folder"), form.path_edit(folder=True), _("Folder of NIfTI, NRRD or MHA files; each one is a scan.")
        )
        self.output = rows.add(
            _("Results in"),
            form.path_edit(folder=True),
            _("Folder for the segmentations, one .seg.nrrd file per scan. Files that are there stay as they are."),
        )
        self.models = ModelChoice(self.session.models)
        self.model = rows.add(
            _("Model"), self.models.combo, _("A model from your own trainings, or a model file from someone else (.zip).")
        )
        self.card = rows.add_wide(self.models.card)
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
        self.showing: Optional[Operation[Any]] = None
        self.connect(self.scope, "currentIndexChanged(int)", self._chosen)
        self.connect(self.volume, "currentNodeChanged(vtkMRMLNode*)", self._chosen)
        self.connect_path(self.folder, self._chosen)
        self.connect_path(self.output, self._chosen)
        self.connect(self.model, "activated(int)", self._model_chosen)
        self.connect(self.apply_button, "clicked()", self.apply)
        self.connect(self.edit_button, "clicked()", self._edit)
        self.connect(self.show_button, "toggled(bool)", self._show_in_3d)

    def enter(self) -> None:
        super().enter()
        if self.widget.visible and not self._missing() and self.session.has_engine():
            # It reads torch while the person looks at the panel; one that can't be started says so when Apply is pressed.
            with contextlib.suppress(SSLSegmentationError):
                self.session.engine.warm()

    def show_state(self) -> None:
        state = self.state
        blocked = [(control, control.blockSignals(True)) for control in (self.scope, self.folder, self.output, self.show_button)]
        form.select(self.scope, state.scope)
        shown = display.shown_volume()
        # Label maps and colour pictures can be shown, but not segmented.
        state.volume = form.show_node(self.volume, state.volume, otherwise=shown if shown in volumes.all_volumes() else None)
        form.show_path(self.folder, state.folder)
        form.show_path(self.output, state.output_folder)
        self._take_latest_model()
        state.model = self.models.show(state.model)
        model = self.models.model
        further = len(model.card.channels) - 1 if model is not None and state.scope == VOLUME else 0
        self.channels.show(state.more_channels, count=further)
        for control, visible in (
            (self.volume, state.scope == VOLUME),
            (self.folder, state.scope == FOLDER),
            (self.output, state.scope == FOLDER),
        ):
            self.form.set_visible(control, visible)
        running, missing, last = self.operation is not None, self._missing(), self._last_result()
        self.apply_button.setEnabled(not running and not missing)
        self.apply_button.setToolTip(missing or _("Segments with the model; earlier segmentations stay as they are."))
        self.after.setVisible(last is not None and not running)
        if self.showing is None or not self.showing.running:
            self.show_button.setChecked(display.is_shown_in_3d(last))
        for control, before in blocked:
            control.blockSignals(before)

    def apply(self) -> None:
        """Starts segmenting, after a question where a scan does not look like what the model was trained on."""
        model, missing = self.models.model, self._missing()
        if model is None or missing:
            raise SSLSegmentationError("usage.arguments", missing, hint="")
        session, state = self.session, self.state
        if state.scope == FOLDER:
            folder, output = Path(state.folder), Path(state.output_folder)
            batch = Batch(model, lambda keep: segment_folder(session, folder, output, model, keep=keep))
            looking = folder_doubts(session, folder, output, model)
        else:
            cases = self._cases()
            batch = Batch(model, lambda keep: logic.segment(session, cases, model, keep=keep))
            looking = logic.doubts(cases, model)
        self._run(looking, batch, on_done=lambda doubts: self._looked(doubts, batch))

    def _run(self, steps: Any, batch: Batch, *, on_done: Callable[[Any], None]) -> None:
        self.operation = self.session.run(
            steps, on_progress=self.progress.show, on_done=on_done, on_error=lambda error: self._ended(batch, error)
        )
        self.progress.start(self.operation)
        self.show_state()

    def _looked(self, doubts: List[str], batch: Batch) -> None:
        question = _("These scans do not look like those that the model was trained on:\n\n{doubts}\n\nApply it anyway?")
        listed = doubts[:MOST_LISTED]
        if len(doubts) > len(listed):
            listed.append(_("… and {count} more.").format(count=len(doubts) - len(listed)))
        if doubts and not messages.confirm(question.format(doubts="\n".join(listed))):
            self.operation = None
            self.progress.finish("")
            self.show_state()
            return
        batch.began = time.monotonic()
        self._run(batch.work(batch.done.append), batch, on_done=lambda _result: self._ended(batch))

    def _ended(self, batch: Batch, error: Optional[SSLSegmentationError] = None) -> None:
        self.operation = None
        made = [one for one in batch.done if one.error is None]
        new = [one.segmentation for one in made if nodes.is_in_scene(one.segmentation)]
        if new:
            self.state.results = [node.GetID() for node in new]
        if made:
            # 'Fine-tune' goes on from the model that was applied last.
            self.state.offered = str(batch.model.path)
            self.session.settings.set(LAST_MODEL, self.state.offered)
        self.save()
        self.progress.finish("\n".join([self._headline(batch, len(made), error), *logic.told(batch.done)]))
        if new and error is None:
            display.show_segmentation(new[-1])
        self.show_state()
        if error is not None:
            messages.show_error(error)

    def _headline(self, batch: Batch, made: int, error: Optional[SSLSegmentationError]) -> str:
        if error is None:
            text = _("Segmentations made: {count} of {all}, in {seconds:.1f} s.")
            return text.format(count=made, all=len(batch.done), seconds=time.monotonic() - batch.began)
        before = _("Segmentations made before that: {count}; they stay.").format(count=made)
        if error.code == "job.cancelled":
            return _("Cancelled.") + " " + before if made else messages.cancelled_text()
        return f"{error.message} {error.hint}" + (f"\n{before}" if made else "")

    def _chosen(self) -> None:
        self.state.scope = self.scope.currentData
        self.state.volume = self.volume.currentNodeID or ""
        self.state.more_channels = self.channels.ids
        self.state.folder = self.folder.currentPath
        self.state.output_folder = self.output.currentPath
        self.save()
        self.show_state()

    def _model_chosen(self) -> None:
        try:
            if self.model.currentData != CHOOSE:
                self.state.model = self.model.currentData or ""
                return
            chosen = qt.QFileDialog.getOpenFileName(self.widget, _("Choose a model"), "", _("Models (*.zip model.json)"))
            if chosen:
                path = Path(chosen)
                self.state.model = str(segmenting_model(str(path.parent if path.name == "model.json" else path)).path)
        finally:
            self.save()
            self.show_state()

    def _take_latest_model(self) -> None:
        """Chooses the model of a training that has ended since, where it can be used."""
        latest = str(self.session.settings.get(LAST_MODEL) or "")
        if latest and latest != self.state.offered:
            self.state.offered = latest
            with contextlib.suppress(SSLSegmentationError):
                self.state.model = str(segmenting_model(latest).path)

    def _cases(self) -> List[List[Any]]:
        if self.state.scope == SCENE:
            return [[node] for node in volumes.all_volumes()]
        return [[self.volume.currentNode(), *self.channels.nodes]]

    def _missing(self) -> str:
        """What has to be chosen before Apply can be pressed; empty if nothing."""
        model = self.models.model
        if model is None:
            return self.models.problem or _("Choose a model first.")
        if self.state.scope == FOLDER:
            return self._missing_folder()
        cases, count = self._cases(), len(model.card.channels)
        if not cases or cases[0][0] is None:
            return _("Load a volume first.")
        if self.state.scope == SCENE and count > 1:
            return _("The model needs {count} volumes per scan: choose 'one volume' or a folder.").format(count=count)
        if None in cases[0]:
            return _("Choose a volume for each channel of the model: {names}.").format(names=", ".join(model.card.channels))
        if len({node.GetID() for node in cases[0]}) < len(cases[0]):
            return _("Two channels are the same volume: choose another one for each.")
        return ""

    def _missing_folder(self) -> str:
        folder, output = self.state.folder, self.state.output_folder
        if not folder or not output:
            return _("Choose the folder of the scans and a folder for the results.")
        if Path(folder) == Path(output):
            return _("Choose another folder for the results than that of the scans.")
        return ""

    def _last_result(self) -> Any:
        found = [nodes.node_by_id(identifier) for identifier in reversed(self.state.results)]
        return next((node for node in found if node is not None), None)

    def _edit(self) -> None:
        editor.open_in_editor(self._last_result())

    def _show_in_3d(self, shown: bool) -> None:
        if self.showing is not None:
            self.showing.cancel()
        steps = show_in_3d(self.session, self._last_result(), shown=shown)
        self.showing = self.session.run(steps, on_done=lambda _node: self.show_state(), on_error=self._not_shown)

    def _not_shown(self, error: SSLSegmentationError) -> None:
        self.show_state()
        messages.show_error(error)
