"""The controls of the panel Fine-tune: what each shows of the state, and what it writes back."""

from __future__ import annotations

from typing import Any, Iterator, List, Sequence, Tuple

from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.gui.models import Model
from SSLSegmentationLib.gui.panels.finetune.logic import preset_learning_rate
from SSLSegmentationLib.gui.panels.finetune.state import SCRATCH, FinetuneState
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.field_help import dims_tip, field_limits, field_tip, preset_tip
from SSLSegmentationLib.gui.widgets.run_settings import RunSettings

CHOOSE = "choose"
_PRESET_TIP = _("Values of all other settings.")
_MOST_SCANS = 100000
_RATE_DECIMALS = 6


class Controls:
    """Builds the rows into a form."""

    def __init__(self, rows: form.Form) -> None:
        self._form = rows
        self.start = rows.add(
            _("Start from"), form.choice([]), _("Weights to start from: a model that was pretrained on your own scans, or none.")
        )
        self.card = rows.add_wide(form.note())
        self.weights = rows.add(
            _("Take over"),
            form.choice([("encoder", _("the encoder")), ("encoder_decoder", _("encoder and decoder"))]),
            _(
                "Which part of the model is kept: the encoder, which finds features, or the decoder as well, which turns them "
                "into a picture. With both, the last layer is kept too where the model has the same tissues."
            ),
        )
        self.mode = rows.add(
            _("Train"),
            form.choice([("immediate", _("all weights at once")), ("freeze_then_finetune", _("the new weights first"))]),
            _("Whether the weights that were taken over learn from the start, or rest at first while the others learn."),
        )
        self.dims = rows.add(_("Network"), form.choice([("2", _("2D, slice by slice")), ("3", _("3D, in patches"))]), dims_tip())
        self.preset = rows.add(_("Preset"), form.choice([(name, name.replace("_", " ")) for name in PRESETS]), _PRESET_TIP)
        low, high = field_limits("train.learning_rate", low=10.0**-_RATE_DECIMALS, high=1.0)
        self.learning_rate = rows.add(
            _("Learning rate"),
            form.number(low=low, high=high, value=low, unit=_("per step"), decimals=_RATE_DECIMALS, step=0.0005),
            field_tip(
                "train.learning_rate",
                _("How much each step changes the network: too high and it learns nothing, too low and it takes long."),
            ),
        )
        self.scans = rows.add(
            _("Labelled scans"),
            form.number(low=0, high=_MOST_SCANS, value=0),
            field_tip("data.labelled_cases", _("How many of the labelled scans are used: all, or the first ones.")),
        )
        self.scans.setSpecialValueText(_("all"))
        self.settings = RunSettings(rows)
        self.problem = rows.add_wide(form.note())
        self.use_model_button = rows.add_wide(
            form.button(_("Use the model's network"), _("Takes over the network and intensity scaling of the chosen model."))
        )

    def signals(self) -> Iterator[Tuple[Any, str]]:
        """What tells that a person changed something, but for `start`."""
        for combo in (self.weights, self.mode, self.dims, self.preset):
            yield combo, "activated(int)"
        yield self.learning_rate, "valueChanged(double)"
        yield self.scans, "valueChanged(int)"
        yield from self.settings.signals()

    def show(self, state: FinetuneState, models: Sequence[Model]) -> None:
        """Writes the state to the controls; nothing is sent back."""
        entries = [(SCRATCH, _("scratch: no model")), *_entries(models), (CHOOSE, _("Choose a file …"))]
        form.fill_choice(self.start, entries)
        blocked = [(control, control.blockSignals(True)) for control, _signal in self.signals()]
        form.select(self.start, state.start)
        form.select(self.weights, state.weights)
        form.select(self.mode, state.mode)
        form.select(self.dims, str(state.dims))
        form.select(self.preset, state.preset)
        form.show_number(self.learning_rate, state.learning_rate or preset_learning_rate(state.preset))
        form.show_number(self.scans, state.scans)
        self.settings.show(state)
        for control, before in blocked:
            control.blockSignals(before)
        for control in (self.weights, self.mode):
            reason = _("There is nothing to take over: it starts from scratch.")
            self._form.set_enabled(control, state.start != SCRATCH, reason=reason)
        self.preset.setToolTip(preset_tip(_PRESET_TIP, state.preset))

    def read(self, state: FinetuneState) -> None:
        """Writes what the controls show to the state."""
        state.weights, state.mode = self.weights.currentData, self.mode.currentData
        state.dims = int(self.dims.currentData)
        state.preset = self.preset.currentData
        rate = float(self.learning_rate.value)
        # The preset's own rate is not kept: another preset has another one.
        state.learning_rate = 0.0 if abs(rate - preset_learning_rate(state.preset)) < 10.0**-_RATE_DECIMALS / 2 else rate
        state.scans = int(self.scans.value)
        self.settings.read(state)

    def show_problem(self, text: str, *, solvable: bool) -> None:
        """Why Start cannot be pressed; `solvable` by taking the model's network."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.use_model_button.setVisible(solvable)


def _entries(models: Sequence[Model]) -> List[Tuple[str, str]]:
    kinds = {True: _("{title}, segments"), False: _("{title}, pretrained")}
    return [(str(model.path), kinds[model.segments].format(title=model.title)) for model in models]
