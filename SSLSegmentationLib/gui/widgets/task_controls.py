"""Controls for settings that are only known at run time: one per setting, made from what the setting says of itself."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

import qt

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form
from SSLSegmentationLib.gui.widgets.connections import Connections
from SSLSegmentationLib.gui.widgets.field_help import tip_of

_MOST = 1_000_000
_DECIMALS = 4


class SettingControl:
    """One setting: `widget`, the `signal` that tells of a change, and `value`.

    A number that may also be a word ("auto") shows the word below its lowest number.
    """

    def __init__(self, info: FieldInfo) -> None:
        self._info = info
        word: Optional[str] = info.words[0] if info.words else None
        self._word = word if word is not None else (_("none") if info.optional else None)
        if info.kind == "bool":
            self.widget, self.signal = qt.QCheckBox(), "toggled(bool)"
        elif info.kind == "choice":
            self.widget, self.signal = form.choice([(name, name.replace("_", " ")) for name in info.choices]), "activated(int)"
        elif info.kind in ("int", "float"):
            self.widget = self._number()
            self.signal = "valueChanged(double)" if info.kind == "float" else "valueChanged(int)"
        else:
            self.widget, self.signal = qt.QLineEdit(), "editingFinished()"

    @property
    def value(self) -> Any:
        """What is set, as a config holds it."""
        kind = self._info.kind
        if kind == "bool":
            return bool(self.widget.checked)
        if kind == "choice":
            return self.widget.currentData
        if kind in ("int", "float"):
            if self._word is not None and self.widget.value == self.widget.minimum:
                return None if not self._info.words else self._word
            return int(self.widget.value) if kind == "int" else float(self.widget.value)
        return _read_text(str(self.widget.text), kind)

    def show(self, value: Any) -> None:
        """Shows a value without telling of a change."""
        blocked = self.widget.blockSignals(True)
        kind = self._info.kind
        if kind == "bool":
            self.widget.setChecked(bool(value))
        elif kind == "choice":
            form.select(self.widget, value)
        elif kind in ("int", "float"):
            word = value is None or isinstance(value, str)
            form.show_number(self.widget, self.widget.minimum if word else value)
        else:
            self.widget.setText(value if isinstance(value, str) else "" if value is None else json.dumps(value))
        self.widget.blockSignals(blocked)

    def _number(self) -> Any:
        info = self._info
        whole = info.kind == "int"
        low = -_MOST if info.low is None else info.low
        high = _MOST if info.high is None else min(info.high, _MOST)
        step = 1.0 if whole else 10.0**-_DECIMALS if high - low <= 0.01 else 0.01 if high - low <= 1 else 1.0
        below = low - step if self._word is not None else low
        spin = form.number(low=below, high=high, value=low, unit=info.unit, decimals=0 if whole else _DECIMALS, step=step)
        if self._word is not None:
            spin.setSpecialValueText(self._word)
        return spin


def _read_text(text: str, kind: str) -> Any:
    """Text as it is; for other kinds what it means as JSON, where it is some: a wrong one is told of when it is checked."""
    if kind in ("text", "path"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text or None


class TaskControls:
    """The own settings of the chosen pretext task; made anew for each task. `changed` is called after a person's change."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.widget = qt.QWidget()
        self._layout = qt.QVBoxLayout(self.widget)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._changed = changed
        self._connections = Connections()
        self._holder: Any = None
        self.task: Optional[TaskDescription] = None
        self.controls: Dict[str, SettingControl] = {}

    def show(self, task: Optional[TaskDescription], values: Mapping[str, Any]) -> None:
        """Shows the settings of a task with these values, and the task's own ones where there is none."""
        if task != self.task:
            self._build(task)
        for name, default, _info in task.settings if task is not None else ():
            self.controls[name].show(values.get(name, default))

    def values(self) -> Dict[str, Any]:
        """What is set, by name; those that are as the task has them are left out."""
        settings: Tuple[Tuple[str, Any, FieldInfo], ...] = () if self.task is None else self.task.settings
        now = {name: self.controls[name].value for name, _default, _info in settings}
        return {name: now[name] for name, default, _info in settings if now[name] != _plain(default)}

    def close(self) -> None:
        self._connections.close()

    def _build(self, task: Optional[TaskDescription]) -> None:
        self._connections.close()
        if self._holder is not None:
            self._layout.removeWidget(self._holder)
            self._holder.setParent(None)
            self._holder.deleteLater()
        self._holder = qt.QWidget()
        rows = form.Form(self._holder)
        self.task, self.controls = task, {}
        for name, _default, info in task.settings if task is not None else ():
            control = self.controls[name] = SettingControl(info)
            rows.add(name.replace("_", " ").capitalize(), control.widget, tip_of(info))
            control.widget.setObjectName(f"{name}Setting")
            self._connections.add(control.widget, control.signal, self._changed)
        self._layout.addWidget(self._holder)
        self.widget.setVisible(bool(self.controls))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
