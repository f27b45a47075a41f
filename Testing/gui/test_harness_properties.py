"""Points 1 to 4: properties by attribute, what may be assigned, names, enums without a scope."""

from __future__ import annotations

import pytest
import qt

pytestmark = pytest.mark.usefixtures("application")


def test_properties_are_read_by_attribute_and_is_forms_are_called(host) -> None:
    button = host(qt.QPushButton("Apply"))
    assert button.text == "Apply"
    assert button.enabled is True and button.isEnabled() is True
    with pytest.raises(TypeError):
        button.text()


def test_properties_are_written_by_setter_or_assignment(host) -> None:
    spin = host(qt.QSpinBox())
    spin.setMaximum(500)
    spin.value = 42
    assert (spin.value, spin.maximum) == (42, 500)


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: qt.QComboBox(), "count", 0),
        (lambda: qt.QComboBox(), "currentIndex", -1),
        (lambda: qt.QTableWidget(3, 2), "rowCount", 3),
        (lambda: qt.QLineEdit("a"), "text", "a"),
        (lambda: qt.QPlainTextEdit("b"), "plainText", "b"),
        (lambda: qt.QGroupBox("c"), "title", "c"),
        (lambda: qt.QTimer(), "interval", 0),
        (lambda: qt.QProgressBar(), "maximum", 100),
        (lambda: qt.QTabWidget(), "count", 0),
    ],
)
def test_names_that_are_properties(make, name, value, host) -> None:
    made = make()
    assert getattr(made, name) == value
    if isinstance(made, qt.QWidget):
        host(made)


def test_objects_that_qt_made_have_the_look_too(host) -> None:
    table = host(qt.QTableWidget(1, 1))
    assert table.horizontalHeader().visible in (True, False)
    with pytest.raises(TypeError):
        table.horizontalHeader().width()


def test_single_shot_is_the_static_function_not_the_property() -> None:
    timer = qt.QTimer()
    timer.setSingleShot(True)
    assert callable(timer.singleShot) and timer.isSingleShot() is True


def test_unknown_attributes_are_refused_on_plain_objects_and_allowed_on_subclasses(host) -> None:
    class Panel(qt.QWidget):
        def __init__(self, parent=None):
            super().__init__(parent)
            self.state = 3

    label = host(qt.QLabel())
    with pytest.raises(AttributeError, match="not allowed"):
        label.state = 3
    assert host(Panel()).state == 3


def test_methods_and_signals_cannot_be_assigned_over(host) -> None:
    button = host(qt.QPushButton())
    for name in ("clicked", "setText", "layout"):
        with pytest.raises(AttributeError, match="overwritten"):
            setattr(button, name, 1)


def test_a_property_refuses_a_value_of_another_kind(host) -> None:
    widget = host(qt.QWidget())
    with pytest.raises(AttributeError, match="does not accept"):
        widget.size = "large"


def test_overrides_of_python_subclasses_come_first(host) -> None:
    class Wide(qt.QWidget):
        def sizeHint(self):
            return qt.QSize(77, 11)

    layout = qt.QVBoxLayout(host(qt.QWidget()))
    wide = Wide()
    layout.addWidget(wide)
    assert wide.sizeHint().width() == 77
    assert layout.sizeHint().width() >= 77


def test_trailing_underscore_falls_back(host) -> None:
    widget = host(qt.QWidget())
    widget.setWindowTitle_("a")
    assert widget.windowTitle == "a"


def test_children_are_found_by_their_name_last(host) -> None:
    widget = host(qt.QWidget())
    child = qt.QLabel("x", widget)
    child.name = "scoreLabel"
    assert child.objectName == "scoreLabel" and widget.scoreLabel is child
    with pytest.raises(AttributeError):
        widget.otherLabel  # noqa: B018  # reading it fails


def test_class_name_inherits_and_dynamic_properties(host) -> None:
    widget = host(qt.QLineEdit())
    assert widget.className() == "QLineEdit" and widget.inherits("QWidget")
    widget.setProperty("SlicerParameterName", "epochs")
    assert widget.SlicerParameterName == "epochs"


def test_a_destroyed_object_is_false_and_refuses_with_value_error() -> None:
    from PyQt6 import sip

    label = qt.QLabel("a")
    sip.delete(label)
    assert not label
    with pytest.raises(ValueError, match="destroyed"):
        label.text  # noqa: B018  # reading it fails
    with pytest.raises(ValueError, match="destroyed"):
        label.setText("b")


def test_an_empty_combo_box_is_true(host) -> None:
    assert host(qt.QComboBox())


def test_enums_are_ints_without_a_scope(host) -> None:
    assert qt.Qt.Horizontal == 1 and isinstance(qt.QMessageBox.Yes, int)
    process = qt.QProcess()
    assert process.state() == process.NotRunning == qt.QProcess.NotRunning
    assert {qt.QProcess.Running: "runs"}[2] == "runs"


def test_enums_and_flags_go_back_to_qt(host) -> None:
    label = host(qt.QLabel())
    label.setAlignment(qt.Qt.AlignRight | qt.Qt.AlignTop)
    assert label.alignment == qt.Qt.AlignRight | qt.Qt.AlignTop
    label.setAlignment(int(qt.Qt.AlignLeft))
    assert label.alignment & qt.Qt.AlignLeft
    item = qt.QTableWidgetItem("a")
    item.setFlags(item.flags() & ~qt.Qt.ItemIsEditable)
    assert not item.flags() & qt.Qt.ItemIsEditable
    splitter = host(qt.QSplitter(qt.Qt.Vertical))
    assert splitter.orientation == qt.Qt.Vertical


def test_enums_pass_through_static_functions(application) -> None:
    qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
    qt.QApplication.restoreOverrideCursor()
    assert qt.QStandardPaths.writableLocation(qt.QStandardPaths.TempLocation)


def test_there_is_no_pyqt_in_qt() -> None:
    for name in ("pyqtSignal", "pyqtSlot", "QtCore", "Signal"):
        assert not hasattr(qt, name), name
