"""Stand-ins for the widgets of CTK that Slicer's `import ctk` gives."""

from __future__ import annotations

import qt as _qt  # noqa: F401  # gives the classes their look first

from Testing.harness.widgets.choices import ctkCheckableComboBox, ctkCheckBox, ctkComboBox, ctkMessageBox
from Testing.harness.widgets.collapsible import ctkCollapsibleButton, ctkCollapsibleGroupBox
from Testing.harness.widgets.numbers import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from Testing.harness.widgets.paths import ctkDirectoryButton, ctkPathLineEdit

__all__ = [
    "ctkCheckBox",
    "ctkCheckableComboBox",
    "ctkCollapsibleButton",
    "ctkCollapsibleGroupBox",
    "ctkComboBox",
    "ctkDirectoryButton",
    "ctkDoubleSpinBox",
    "ctkMessageBox",
    "ctkPathLineEdit",
    "ctkRangeWidget",
    "ctkSliderWidget",
]
