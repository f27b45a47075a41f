"""Stand-ins for Slicer's widgets; slicer-core copies these names onto `slicer`."""

from __future__ import annotations

import qt as _qt  # noqa: F401  # gives the classes their look first

from Testing.harness.widgets.module_window import qSlicerScriptedLoadableModuleWidget
from Testing.harness.widgets.node_combo_box import qMRMLNodeComboBox, qMRMLWidget
from Testing.harness.widgets.plots import qMRMLPlotView, qMRMLPlotWidget
from Testing.harness.widgets.segments_table import qMRMLSegmentsTableView
from Testing.harness.widgets.table_view import qMRMLTableView

__all__ = [
    "qMRMLNodeComboBox",
    "qMRMLPlotView",
    "qMRMLPlotWidget",
    "qMRMLSegmentsTableView",
    "qMRMLTableView",
    "qMRMLWidget",
    "qSlicerScriptedLoadableModuleWidget",
]
