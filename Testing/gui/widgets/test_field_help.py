"""What a person is told of a setting: its meaning, and for numbers the range; never words that only a config knows."""

from __future__ import annotations

import pytest
from PyQt6 import QtWidgets

from SSLSegmentationLib.contract.config import FieldInfo
from SSLSegmentationLib.contract.presets import PRESETS, TITLES
from SSLSegmentationLib.gui.widgets.field_help import field_tip, tip_of


def test_a_number_has_its_range_and_unit():
    assert field_tip("train.max_minutes", "How long.").startswith("How long.\nAllowed: a number from")
    assert tip_of(FieldInfo("int", "turns", unit="turns", low=1, high=4)) == "Turns.\nAllowed: a whole number from 1 to 4 turns."


@pytest.mark.parametrize("kind", ["choice", "bool", "text"])
def test_what_is_no_number_has_no_range(kind):
    info = FieldInfo(kind, "axis", choices=("any_one", "x") if kind == "choice" else ())
    assert tip_of(info) == info.help.capitalize() + "."


@pytest.mark.parametrize("name", ["pretrain", "finetune"])
def test_choices_are_explained_in_words(open_module, name):
    panel = open_module().panel(name)
    for combo in panel.widget.findChildren(QtWidgets.QComboBox):
        assert "Allowed" not in combo.toolTip and "_" not in combo.toolTip, combo.toolTip


@pytest.mark.parametrize("name", ["pretrain", "finetune"])
def test_a_preset_is_explained_with_what_the_control_does(open_module, name):
    panel = open_module().panel(name)
    for preset in PRESETS:
        panel.state.preset = preset
        panel.show_state()
        assert panel.controls.preset.toolTip.startswith("Values of all")
        assert TITLES[preset] in panel.controls.preset.toolTip
