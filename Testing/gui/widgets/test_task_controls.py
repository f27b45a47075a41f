"""Controls made from what a task says of its settings: each kind shows its value, takes a new one, and names its range."""

from __future__ import annotations

import pytest
import qt

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.config.values import read_value
from SSLSegmentationLib.contract.tasks import TaskDescription
from SSLSegmentationLib.gui.widgets.task_controls import SettingControl, TaskControls
from Testing.harness.watchdog import process_events

KINDS = {
    "int": (FieldInfo("int", "turns", unit="turns", low=1, high=4), 2, 3),
    "float": (FieldInfo("float", "strength", low=0.0, high=1.0), 0.5, 0.25),
    "tiny": (FieldInfo("float", "rate", low=0.0, high=0.001), 0.0005, 0.0002),
    "open": (FieldInfo("int", "count"), -3, 700),
    "choice": (FieldInfo("choice", "axis", choices=("any", "first_one")), "first_one", "any"),
    "bool": (FieldInfo("bool", "mirrored"), True, False),
    "text": (FieldInfo("text", "name"), "abc", "déf"),
    "word": (FieldInfo("int", "size", unit="voxels", low=1, high=9, words=("auto",)), "auto", 4),
    "nothing": (FieldInfo("float", "limit", low=0.0, optional=True), None, 2.5),
    "floats": (FieldInfo("floats", "scales", low=0.1, length=(2, 2)), [0.5, 2.0], [1.0, 3.0]),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_value_is_shown_and_read_back_as_a_config_takes_it(name, host):
    info, first, second = KINDS[name]
    control = SettingControl(info)
    host(control.widget)
    for value in (first, second):
        control.show(value)
        assert control.value == value
        read_value("pretext.x", control.value, info)


def test_a_word_stands_below_the_lowest_number(host):
    control = SettingControl(KINDS["word"][0])
    host(control.widget)
    control.show("auto")
    assert control.widget.text == "auto"
    control.show(1)
    assert control.widget.text == "1 voxels"
    assert control.value == 1


def test_a_list_that_is_none_is_kept_for_the_check_to_refuse(host):
    control = SettingControl(KINDS["floats"][0])
    host(control.widget).setText("half")
    assert control.value == "half"
    control.widget.setText("")
    assert control.value is None


def described(**settings):
    own = tuple((name, KINDS[kind][1], KINDS[kind][0]) for name, kind in settings.items())
    return TaskDescription(name="-".join(settings), title="T", summary="S", settings=own)


def test_another_task_brings_its_own_controls(host):
    changes = []
    controls = TaskControls(lambda: changes.append(controls.values()))
    host(controls.widget)
    controls.show(described(turns_of_it="int", mirrored="bool"), {"turns_of_it": 4})
    labels = [label.text for label in controls.widget.findChildren(qt.QLabel)]
    assert "Turns of it" in labels
    assert controls.values() == {"turns_of_it": 4}
    assert not changes
    controls.controls["mirrored"].widget.setChecked(False)
    assert changes == [{"turns_of_it": 4, "mirrored": False}]
    assert "a whole number from 1 to 4 turns" in controls.controls["turns_of_it"].widget.toolTip
    controls.show(described(axis="choice"), {})
    process_events()
    assert list(controls.controls) == ["axis"]
    assert len(controls.widget.findChildren(qt.QSpinBox)) == 0
    assert controls.values() == {}
    controls.show(None, {})
    assert controls.values() == {}
    assert controls.widget.isHidden()
    controls.close()
