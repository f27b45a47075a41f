"""Points 7 and 8: dialogs that never block, and what PythonQt refuses or converts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import qt
import slicer

from Testing.harness.watchdog import pump

pytestmark = pytest.mark.usefixtures("application")


def test_single_shot_calls_later() -> None:
    got = []
    qt.QTimer.singleShot(1, lambda: got.append(1))
    assert not got and pump(until=lambda: got, timeout=5)


def test_file_dialogs_give_plain_strings(dialogs, events) -> None:
    assert qt.QFileDialog.getOpenFileName(None, "Open", "", "*.nrrd") == ""
    dialogs.file, dialogs.files, dialogs.directory = "/a.nrrd", ("/a", "/b"), "/folder"
    assert qt.QFileDialog.getOpenFileName(None, "Open") == "/a.nrrd"
    assert qt.QFileDialog.getSaveFileName(None, "Save") == "/a.nrrd"
    assert qt.QFileDialog.getOpenFileNames(None, "Open") == ("/a", "/b")
    assert qt.QFileDialog.getExistingDirectory(None, "Folder") == "/folder"
    assert events.texts == ["Open", "Open", "Save", "Open", "Folder"]


def test_input_dialogs_give_the_preset_answer(dialogs) -> None:
    dialogs.text = "typed"
    assert qt.QInputDialog.getText(None, "Name", "Name of the model", qt.QLineEdit.Normal, "x") == "typed"
    assert qt.QInputDialog.getInt(None, "Number", "How many", 4) == 4
    dialogs.number = 7
    assert qt.QInputDialog.getInt(None, "Number", "How many", 4) == 7


def test_the_colour_dialog_gives_the_preset_colour_or_an_invalid_one(dialogs) -> None:
    assert not qt.QColorDialog.getColor(qt.QColor("red")).isValid()
    dialogs.color = "#00ff00"
    assert qt.QColorDialog.getColor(qt.QColor("red")).green() == 255


def test_message_boxes_do_not_block_and_are_recorded(dialogs, events) -> None:
    both = qt.QMessageBox.Yes | qt.QMessageBox.No
    assert qt.QMessageBox.question(None, "Delete", "Delete the run?", both) == qt.QMessageBox.Yes
    dialogs.confirm = False
    assert qt.QMessageBox.question(None, "Delete", "Delete the run?", both) == qt.QMessageBox.No
    box = qt.QMessageBox()
    box.setText("Sure?")
    box.setStandardButtons(both)
    assert box.exec_() == qt.QMessageBox.No
    assert events.texts == ["Delete the run?", "Delete the run?", "Sure?"]


def test_a_dialog_does_not_block_and_can_be_played(dialogs, host) -> None:
    class Form(qt.QDialog):
        def __init__(self, parent=None):
            super().__init__(parent)
            self.line = qt.QLineEdit(self)

    form = host(Form())
    assert form.exec_() == qt.QDialog.Rejected

    def play(dialog) -> int:
        dialog.line.setText("filled in")
        return qt.QDialog.Accepted

    dialogs.dialog = play
    assert form.exec_() == qt.QDialog.Accepted and form.line.text == "filled in"


def test_questions_of_slicer_util_are_answered_and_recorded(dialogs, events) -> None:
    assert slicer.util.confirmYesNoDisplay("Go on?") is True
    dialogs.confirm = False
    assert slicer.util.confirmOkCancelDisplay("Go on?") is False
    slicer.util.errorDisplay("It failed", detailedText="why")
    slicer.util.selectModule("SegmentEditor")
    assert [(message.kind, message.details) for message in events.messages] == [
        ("confirm", ""),
        ("confirm", ""),
        ("error", "why"),
    ]
    assert events.selected_modules == ["SegmentEditor"]


def test_try_with_error_display_raises_and_takes_the_wait_cursor_back() -> None:
    with pytest.raises(ZeroDivisionError), slicer.util.tryWithErrorDisplay("Failed", waitCursor=True):
        1 / 0  # noqa: B018  # the slot fails


def test_byte_arrays_give_bytes() -> None:
    process = qt.QProcess()
    process.start("printf", ["abc"])
    process.waitForFinished(5000)
    output = process.readAllStandardOutput()
    assert output.data() == b"abc" and output.size() == 3 and bool(output)


def test_lists_come_back_as_tuples(host) -> None:
    assert qt.QStandardPaths.standardLocations(qt.QStandardPaths.HomeLocation) == (str(Path.home()),)
    view = host(slicer.qMRMLNodeComboBox())
    view.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert view.nodeTypes == ("vtkMRMLScalarVolumeNode",)


@pytest.mark.parametrize("value", [Path("/a"), np.str_("a"), b"a", 5])
def test_what_is_no_string_is_refused_for_a_string(value, host) -> None:
    with pytest.raises(ValueError, match="overload"):
        host(qt.QLabel()).setText(value)


@pytest.mark.parametrize("value", [np.int64(3), np.float64(3), np.bool_(True)])
def test_scalars_of_numpy_are_refused(value, host) -> None:
    spin = host(qt.QSpinBox())
    with pytest.raises(ValueError, match="overload"):
        spin.setValue(value)
    with pytest.raises(ValueError, match="overload"):
        spin.value = value


def test_a_path_is_refused_inside_a_list() -> None:
    with pytest.raises(ValueError, match="overload"):
        qt.QProcess().start("echo", [Path("a")])


def test_keywords_are_refused_everywhere(host) -> None:
    label = host(qt.QLabel())
    for call in (
        lambda: qt.QLabel(text="a"),
        lambda: qt.QColor(r=1),
        lambda: label.setText(text="a"),
        lambda: qt.QMessageBox.question(None, "a", "b", buttons=1, standardButtons=2),
    ):
        with pytest.raises(ValueError, match="kwargs"):
            call()
