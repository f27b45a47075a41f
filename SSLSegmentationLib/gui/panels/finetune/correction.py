"""After a correction: the corrected scan becomes a labelled one, and the training goes on. One button."""

from __future__ import annotations

from typing import Any, Iterator, Optional, Tuple

import qt

from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.panels.apply.state import ApplyState
from SSLSegmentationLib.gui.panels.finetune.state import FinetuneState
from SSLSegmentationLib.gui.scene.nodes import node_by_id
from SSLSegmentationLib.gui.scene.segmentations import volume_of
from SSLSegmentationLib.gui.session import Session
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.field_help import field_limits, field_tip

_LONGEST_MINUTES = 1000.0


class Correction:
    """Volume, corrected segmentation, minutes, button."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.widget = qt.QGroupBox(_("After a correction"))
        rows = form.Form(self.widget)
        self.segmentation = rows.add(
            _("Segmentation"),
            form.node_selector(["vtkMRMLSegmentationNode"], optional=True, none_text=_("the last result")),
            _("What you have corrected in the Segment Editor. At first the last result of 'Apply'."),
        )
        self.volume = rows.add(
            _("Volume"),
            form.node_selector(["vtkMRMLScalarVolumeNode"], optional=True, none_text=_("that of the segmentation")),
            _("The scan that the segmentation belongs to."),
        )
        low, high = field_limits("train.max_minutes", low=0.01, high=_LONGEST_MINUTES)
        self.minutes = rows.add(
            _("Go on for"),
            form.number(low=low, high=high, value=1, unit=_("min"), decimals=2, step=1),
            field_tip("train.max_minutes", _("How long it trains on all labelled scans, with the corrected one.")),
        )
        self.button = form.button(_("Add this scan and continue"), "")
        self.button.setObjectName("continueButton")
        rows.add_wide(self.button)

    def signals(self) -> Iterator[Tuple[Any, str]]:
        """What tells that a person changed something."""
        yield self.segmentation, "currentNodeChanged(vtkMRMLNode*)"
        yield self.volume, "currentNodeChanged(vtkMRMLNode*)"
        yield self.minutes, "valueChanged(double)"

    def show(self, state: FinetuneState, *, model: Optional[Model], busy: bool) -> None:
        """Writes the state to the controls; nothing is sent back. `model` is the one to go on from, `busy`: a training runs."""
        blocked = [(control, control.blockSignals(True)) for control, _signal in self.signals()]
        self.segmentation.setCurrentNodeID(state.segmentation)
        self.volume.setCurrentNodeID(state.volume)
        form.show_number(self.minutes, state.continue_minutes)
        for control, before in blocked:
            control.blockSignals(before)
        reason = self._why_not(model, busy=busy)
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason if reason or model is None else self._meaning(model))

    def read(self, state: FinetuneState) -> None:
        """Writes what the controls show to the state."""
        state.segmentation = self.segmentation.currentNodeID or ""
        state.volume = self.volume.currentNodeID or ""
        state.continue_minutes = float(self.minutes.value)

    def nodes(self) -> Tuple[Any, Any]:
        """The volume and the segmentation that are meant; None for what is not there."""
        segmentation = self.segmentation.currentNode() or self._last_result()
        volume = self.volume.currentNode()
        if volume is None and segmentation is not None:
            volume = volume_of(segmentation)
        return volume, segmentation

    def _why_not(self, model: Optional[Model], *, busy: bool) -> str:
        if busy:
            return messages.busy_text()
        if model is None:
            return _("There is no model to go on from yet: press 'Start' above to train the first one.")
        if None in self.nodes():
            return _("Apply a model and correct its result, or choose a volume and its segmentation here.")
        return ""

    def _meaning(self, model: Model) -> str:
        volume, segmentation = self.nodes()
        text = _("Saves '{segmentation}' on '{volume}' as a labelled scan and trains the model '{model}' further with it.")
        return text.format(segmentation=segmentation.GetName(), volume=volume.GetName(), model=model.path.name)

    def _last_result(self) -> Any:
        applied = self._session.store.load(ApplyState, prefix="apply")
        nodes = (node_by_id(identifier) for identifier in reversed(applied.results))
        return next((node for node in nodes if node is not None), None)
