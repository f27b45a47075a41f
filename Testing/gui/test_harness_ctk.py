"""Points 9 and 12: the widgets of CTK work, and look like widgets."""

from __future__ import annotations

import ctk
import pytest
import qt

from Testing.harness.pictures import save_picture

pytestmark = pytest.mark.usefixtures("application")


def test_collapsible_button_folds_its_content(host) -> None:
    window = host(qt.QWidget())
    column = qt.QVBoxLayout(window)
    button = ctk.ctkCollapsibleButton("Pretrain")
    column.addWidget(button)
    qt.QFormLayout(button).addRow("Epochs", qt.QSpinBox())
    got = []
    assert button.connect("contentsCollapsed(bool)", got.append)
    window.show()
    slim = 30
    assert button.sizeHint.height() > slim
    button.collapsed = True
    column.activate()
    assert button.collapsed and not button.checked and button.maximumHeight < slim
    button.setCollapsed(False)
    assert got == [True, False] and button.maximumHeight > 1000
    with pytest.raises(AttributeError):
        button.folded = True


def test_collapsible_group_box(host) -> None:
    box = host(ctk.ctkCollapsibleGroupBox("More"))
    box.setTitle("More settings")
    box.collapsed = True
    assert (box.title, box.collapsed, box.checked) == ("More settings", True, False)


def test_path_line_edit_announces_paths_and_browses(host, dialogs, tmp_path) -> None:
    edit = host(ctk.ctkPathLineEdit())
    edit.filters = ctk.ctkPathLineEdit.Dirs
    got = []
    assert edit.connect("currentPathChanged(QString)", got.append)
    assert edit.connect("validInputChanged(bool)", got.append)
    edit.currentPath = str(tmp_path)
    assert got == [str(tmp_path), True]
    dialogs.directory = str(tmp_path / "missing")
    edit.findChild(qt.QToolButton).click()
    assert edit.currentPath == str(tmp_path / "missing") and got[2:] == [edit.currentPath], "any text is a path"
    with pytest.raises(ValueError, match="overload"):
        edit.setCurrentPath(tmp_path)


def test_path_line_edit_announces_no_path_that_is_none(host) -> None:
    edit = host(ctk.ctkPathLineEdit())
    edit.nameFilters = ["dataset.json (*.json)"]
    got = []
    assert edit.nameFilters == ("dataset.json (*.json)",)
    assert edit.connect("currentPathChanged(QString)", got.append)
    assert edit.connect("validInputChanged(bool)", got.append)
    for path in ("/data/x.json", "/data/x", "", "/data/y.json"):
        edit.currentPath = path
    assert got == ["/data/x.json", True, False, "/data/y.json", True]
    edit.currentPath = ""
    assert got[-1] is False and edit.currentPath == ""


def test_path_line_edit_is_as_wide_as_its_first_path_where_nothing_else_is_said(host) -> None:
    wide, narrow = host(ctk.ctkPathLineEdit()), host(ctk.ctkPathLineEdit())
    narrow.minimumContentsLength = 8
    for edit in (wide, narrow):
        edit.currentPath = "/data/" + "x" * 200
    assert wide.minimumSizeHint.width() > 1000 > 300 > narrow.minimumSizeHint.width()
    wide.currentPath = "/x"
    assert wide.minimumSizeHint.width() > 1000, "it is asked once"


def test_directory_button(host, dialogs) -> None:
    button = host(ctk.ctkDirectoryButton())
    got = []
    assert button.connect("directoryChanged(QString)", got.append)
    dialogs.directory = "/data"
    button.findChild(qt.QPushButton).click()
    assert button.directory == "/data" and got == ["/data"]


def test_slider_widget_clips_to_its_bounds(host) -> None:
    slider = host(ctk.ctkSliderWidget())
    slider.setMinimum(1)
    slider.maximum = 50
    slider.suffix = " %"
    got = []
    assert slider.connect("valueChanged(double)", got.append)
    slider.setValue(20)
    slider.value = 80
    assert got == [20.0, 50.0] and (slider.value, slider.minimum, slider.suffix) == (50.0, 1.0, " %")
    slider.findChild(qt.QSlider).setValue(0)
    assert slider.value == 1.0


def test_range_widget(host) -> None:
    widget = host(ctk.ctkRangeWidget())
    widget.setRange(-1000, 1000)
    got = []
    assert widget.connect("valuesChanged(double,double)", lambda low, high: got.append((low, high)))
    widget.setValues(-29, 150)
    assert (widget.minimumValue, widget.maximumValue) == (-29.0, 150.0) and got[-1] == (-29.0, 150.0)


def test_combo_boxes(host) -> None:
    plain = host(ctk.ctkComboBox())
    plain.defaultText = "Choose a model"
    assert plain.defaultText == "Choose a model" and plain.currentIndex == -1
    checkable = host(ctk.ctkCheckableComboBox())
    checkable.addItems(["fat", "muscle"])
    got = []
    assert checkable.connect("checkedIndexesChanged()", lambda: got.append(1))
    checkable.setCheckState(checkable.model().index(1, 0), qt.Qt.Checked)
    assert [index.row() for index in checkable.checkedIndexes()] == [1] and got
    assert not checkable.noneChecked() and not checkable.allChecked()


def test_small_ones(host, events) -> None:
    spin = host(ctk.ctkDoubleSpinBox())
    spin.setDecimals(3)
    assert spin.decimals == 3
    check = host(ctk.ctkCheckBox("3D"))
    check.setChecked(True)
    assert check.checked
    box = ctk.ctkMessageBox()
    box.setText("Again?")
    box.dontShowAgainSettingsKey = "SSLSegmentation/again"
    box.exec_()
    assert events.texts == ["Again?"]


def test_a_picture_has_the_width_that_was_asked_for_and_shows_text(host, tmp_path) -> None:
    window = host(qt.QWidget())
    qt.QVBoxLayout(window).addWidget(qt.QLabel("Body fat"))
    image = qt.QImage(str(save_picture(window, tmp_path / "pictures" / "label.png", width=300)))
    assert image.width() == 300
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert len(colours) > 10
