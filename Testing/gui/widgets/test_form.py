"""Controls that are written to while a person types: what they type stays."""

from __future__ import annotations

import pytest
import qt
from PyQt6 import QtTest

from SSLSegmentationLib.gui.widgets import form
from Testing.harness.watchdog import process_events


def type_into(spin, text):
    spin.setFocus()
    spin.selectAll()
    QtTest.QTest.keyClicks(spin, text)
    process_events()


@pytest.mark.parametrize("text", ["2.5", "12.5", "0.05", "100"])
def test_decimal_numbers_can_be_typed_while_each_key_is_answered(host, text):
    spin = form.number(low=0.01, high=1000, value=1, unit="min", decimals=2)
    host(spin).show()
    state = {"minutes": 1.0}

    def changed(value):
        state["minutes"] = round(float(value), 6)
        form.show_number(spin, state["minutes"])

    spin.connect("valueChanged(double)", changed)
    type_into(spin, text)
    assert spin.value == state["minutes"] == float(text)


def test_other_numbers_are_shown():
    spin = form.number(low=0, high=10, value=1, decimals=1)
    form.show_number(spin, 2.5)
    assert spin.value == 2.5
    whole = form.number(low=0, high=10, value=1)
    form.show_number(whole, 3)
    assert whole.value == 3


def test_a_path_that_is_typed_in_its_middle_keeps_the_cursor(host):
    edit = form.path_edit(folder=True)
    host(edit).show()
    edit.currentPath = "/data/scans"
    edit.connect("currentPathChanged(QString)", lambda path: form.show_path(edit, path))
    line = edit.findChild(qt.QLineEdit)
    line.setFocus()
    line.setCursorPosition(6)
    QtTest.QTest.keyClicks(line, "ab/")
    process_events()
    assert edit.currentPath == "/data/ab/scans"
