"""The controls of the panel Pretrain: what each shows of the state, and what it writes back."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Tuple

from SSLSegmentationLib.contract.presets import PRESETS
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui.panels.pretrain.state import AUTO, PretrainState
from SSLSegmentationLib.gui.pretext_tasks import Tasks
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.field_help import dims_tip, field_info, field_limits, field_tip, preset_tip
from SSLSegmentationLib.gui.widgets.run_settings import RunSettings

PATCH_SIZES = (4, 8, 16, 32, 64, 128)
_PRESET_TIP = _("Values of all settings; those below are set to the preset's when you choose one.")


class Controls:
    """Builds the rows into a form; `own` is the widget with the task's own settings."""

    def __init__(self, rows: form.Form, own: Any) -> None:
        self._form = rows
        self.preset = rows.add(
            _("Preset"),
            form.choice([(name, name.replace("_", " ")) for name in PRESETS]),
            _PRESET_TIP,
        )
        self.task = rows.add(
            _("Pretext task"),
            form.choice([]),
            _(
                "What the network practises on scans without labels: it sees a scan that was changed, and has to tell what was "
                "there. The line below says how the chosen task does it."
            ),
        )
        self.summary = rows.add_wide(form.note())
        rows.add_wide(own)
        self.patch_size = rows.add(
            _("Patch size"),
            form.choice([]),
            _(
                "Side of the squares (in 3D of the cubes) that are changed, in voxels: large ones make it learn shapes, small "
                "ones texture. Automatic: the largest of 32, 16, 8 and 4 that fits the scans."
            ),
        )
        self.sampling = rows.add(
            _("Placement"),
            form.choice([(name, name.replace("_", " ")) for name in field_info("pretext.sampling").choices]),
            _("How the patches are placed: anywhere, or spread so that none overlap (Poisson disc)."),
        )
        low, high = field_limits("pretext.corrupted_area", low=0.001, high=1.0)
        self.area = rows.add(
            _("Corrupted area"),
            form.number(low=low * 100, high=high * 100, value=25, unit="%", decimals=1, step=5),
            _("Share of the image that is corrupted, in percent of its area (in 3D of its volume)."),
        )
        self.dims = rows.add(_("Network"), form.choice([("2", _("2D, slice by slice")), ("3", _("3D, in patches"))]), dims_tip())
        low, high = field_limits("network.base_width", low=1, high=1024)
        self.base_width = rows.add(
            _("Width"),
            form.number(low=low, high=high, value=32, unit=_("channels"), step=8),
            field_tip("network.base_width", _("Size of the network: a wider one can learn more, and takes longer.")),
        )
        self.settings = RunSettings(rows)

    def signals(self) -> Iterator[Tuple[Any, str]]:
        """What tells that a person changed something, but for `preset`."""
        for combo in (self.task, self.patch_size, self.sampling, self.dims):
            yield combo, "activated(int)"
        yield self.area, "valueChanged(double)"
        yield self.base_width, "valueChanged(int)"
        yield from self.settings.signals()

    def show(self, state: PretrainState, tasks: Tasks) -> None:
        """Writes the state to the controls; nothing is sent back."""
        blocked = [(control, control.blockSignals(True)) for control, _signal in self.signals()]
        task = tasks.get(state.task)
        form.fill_choice(self.task, _task_entries(tasks, state.task))
        form.fill_choice(self.patch_size, _size_entries(state.patch_size))
        for combo, value in (
            (self.preset, state.preset),
            (self.task, state.task),
            (self.patch_size, str(state.patch_size)),
            (self.sampling, state.sampling),
            (self.dims, str(state.dims)),
        ):
            form.select(combo, value)
        form.show_number(self.area, state.corrupted_area * 100)
        form.show_number(self.base_width, state.base_width)
        self.settings.show(state)
        for control, before in blocked:
            control.blockSignals(before)
        self.preset.setToolTip(preset_tip(_PRESET_TIP, state.preset))
        self.summary.setText(task.summary if task is not None else "")
        self.summary.setVisible(task is not None)
        self._grey(task)

    def _grey(self, task: Optional[TaskDescription]) -> None:
        """Settings that the task does not use cannot be changed, and say why."""
        unused = task.unused if task is not None else {}
        for name, control in (("patch_size", self.patch_size), ("sampling", self.sampling), ("corrupted_area", self.area)):
            self._form.set_enabled(control, name not in unused, reason=unused.get(name, ""))
        only = task.dims if task is not None and len(task.dims) == 1 else ()
        reason = _("'{task}' works in {dims}D only.").format(task=task.title, dims=only[0]) if task is not None and only else ""
        self._form.set_enabled(self.dims, not only, reason=reason)

    def read(self, state: PretrainState) -> None:
        """Writes what the controls show to the state."""
        state.task = self.task.currentData or state.task
        state.patch_size = int(self.patch_size.currentData)
        state.sampling = self.sampling.currentData
        state.corrupted_area = round(float(self.area.value) / 100, 6)
        state.dims, state.base_width = int(self.dims.currentData), int(self.base_width.value)
        self.settings.read(state)


def _task_entries(tasks: Tasks, current: str) -> List[Tuple[str, str]]:
    entries = [(task.name, task.title) for task in tasks.values()]
    # What is chosen stays chosen while the engine has not told its tasks.
    return entries if current in tasks else [*entries, (current, current.replace("_", " ").capitalize())]


def _size_entries(current: int) -> List[Tuple[str, str]]:
    sizes = sorted({*PATCH_SIZES, current} - {AUTO})
    return [(str(AUTO), _("automatic")), *((str(size), _("{size} voxels").format(size=size)) for size in sizes)]
