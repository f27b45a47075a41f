"""Rows of a panel: a label, a control, and a tooltip on both that says what it does and in which unit."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import ctk
import qt
import slicer

_MARGIN = 4
_SELECTOR_WIDTH = 100
_PATH_LETTERS = 8


class Form:
    """A two-column form that wraps long rows, so that it fits a narrow module panel."""

    def __init__(self, parent: Any) -> None:
        self.layout = qt.QFormLayout(parent)
        self.layout.setRowWrapPolicy(qt.QFormLayout.WrapLongRows)
        self.layout.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        self.layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._labels: Dict[int, Any] = {}

    def add(self, label: str, control: Any, tooltip: str) -> Any:
        """A row; gives the control."""
        text = qt.QLabel(label)
        text.setToolTip(tooltip)
        control.setToolTip(tooltip)
        self.layout.addRow(text, control)
        self._labels[id(control)] = text
        return control

    def add_wide(self, control: Any, tooltip: str = "") -> Any:
        """A row without a label."""
        if tooltip:
            control.setToolTip(tooltip)
        self.layout.addRow(control)
        return control

    def set_visible(self, control: Any, visible: bool) -> None:
        """Shows or hides a row."""
        control.setVisible(visible)
        label = self._labels.get(id(control))
        if label is not None:
            label.setVisible(visible)

    def set_enabled(self, control: Any, enabled: bool, *, reason: str = "") -> None:
        """Greys a row out, with the reason in its tooltip."""
        label = self._labels[id(control)]
        control.setEnabled(enabled)
        label.setEnabled(enabled)
        control.setToolTip(label.toolTip if enabled or not reason else reason)


def note(text: str = "") -> Any:
    """A label of small print that wraps, whose text can be copied."""
    label = qt.QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
    return label


def button(text: str, tooltip: str) -> Any:
    made = qt.QPushButton(text)
    made.setToolTip(tooltip)
    return made


def row(*controls: Any) -> Any:
    """Controls side by side."""
    holder = qt.QWidget()
    layout = qt.QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    for control in controls:
        layout.addWidget(control)
    return holder


def choice(entries: Sequence[Tuple[str, str]]) -> Any:
    """A combo box of (value, title) entries; `currentData` is the value."""
    combo = qt.QComboBox()
    combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    fill_choice(combo, entries)
    return combo


def fill_choice(combo: Any, entries: Sequence[Tuple[str, str]]) -> None:
    """Replaces the entries of a combo box; what was chosen stays chosen where it is still there. No signal is sent."""
    before, blocked = combo.currentData, combo.blockSignals(True)
    combo.clear()
    for value, title in entries:
        combo.addItem(title, value)
    select(combo, before)
    combo.blockSignals(blocked)


def select(combo: Any, value: Any) -> None:
    """Chooses the entry of a value; the first one where there is no such entry."""
    index = combo.findData(value) if value is not None else -1
    combo.setCurrentIndex(max(index, 0) if combo.count else -1)


def number(*, low: float, high: float, value: float, unit: str = "", decimals: int = 0, step: float = 1.0) -> Any:
    """A spin box with its unit; of whole numbers where `decimals` is 0."""
    spin: Any = qt.QDoubleSpinBox() if decimals else qt.QSpinBox()
    if decimals:
        spin.setDecimals(decimals)
        spin.setRange(float(low), float(high))
        spin.setSingleStep(float(step))
        spin.setValue(float(value))
    else:
        spin.setRange(int(low), int(high))
        spin.setSingleStep(int(step))
        spin.setValue(int(value))
    if unit:
        spin.setSuffix(f" {unit}")
    return spin


def show_number(spin: Any, value: float) -> None:
    """Sets a spin box that shows another number. What shows it already is left alone: Qt would rewrite what a person types."""
    decimals = spin.decimals if isinstance(spin, qt.QDoubleSpinBox) else 0
    if abs(spin.value - value) > 0.5 * 10.0**-decimals:
        spin.setValue(float(value) if decimals else int(value))


def show_path(edit: Any, path: str) -> None:
    """Sets a line for a path that shows another one: setting the same would move the cursor of a person who types."""
    if edit.currentPath != path:
        edit.currentPath = path


def node_selector(node_types: List[str], *, optional: bool = False, none_text: str = "") -> Any:
    """A chooser of the scene's nodes of these types."""
    selector = slicer.qMRMLNodeComboBox()
    # The types come before the scene: the other order shows nothing.
    selector.nodeTypes = node_types
    selector.noneEnabled = optional
    if none_text:
        selector.noneDisplay = none_text
    selector.addEnabled = False
    selector.removeEnabled = False
    selector.showChildNodeTypes = False
    # Else it is as wide as the longest name in the scene. Its sizeAdjustPolicy can't be set from Python.
    selector.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
    selector.setMinimumWidth(_SELECTOR_WIDTH)
    selector.setMRMLScene(slicer.mrmlScene)
    return selector


def show_node(selector: Any, identifier: str, *, otherwise: Any = None) -> str:
    """Chooses a node by its id without sending a signal; gives the id that is chosen then.

    Where that node is not there, a selector that must have one shows the node `otherwise`, or keeps what it shows.
    """
    blocked = selector.blockSignals(True)
    if slicer.mrmlScene.GetNodeByID(identifier or "") is not None or selector.noneEnabled:
        selector.setCurrentNodeID(identifier)
    elif otherwise is not None:
        selector.setCurrentNode(otherwise)
    elif selector.currentNode() is None and selector.nodeCount():
        selector.setCurrentNode(selector.nodeFromIndex(0))
    selector.blockSignals(blocked)
    return selector.currentNodeID or ""


def path_edit(*, folder: bool, name_filters: Sequence[str] = ()) -> Any:
    """A line for a path with a button that browses."""
    edit = ctk.ctkPathLineEdit()
    edit.filters = ctk.ctkPathLineEdit.Dirs if folder else ctk.ctkPathLineEdit.Files
    # Without it the panel would have to be as wide as the path.
    edit.minimumContentsLength = _PATH_LETTERS
    if name_filters:
        edit.nameFilters = list(name_filters)
    return edit


def is_seen(widget: Any) -> bool:
    """Whether any of a widget is on screen: not folded away, and not scrolled out of view."""
    return bool(widget.visible) and not widget.visibleRegion().isEmpty()
