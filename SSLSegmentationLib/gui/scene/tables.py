"""Measures as table nodes: what a person reads, and columns of numbers for plots."""

from __future__ import annotations

import math
from typing import Any, Mapping, Optional, Sequence, Tuple

import slicer
import vtk

from SSLSegmentationLib.contract.measures import ABSENT, NOT_APPLICABLE, TOO_FEW_VOXELS, TOUCHES_BORDER, Measure, MeasureRow
from SSLSegmentationLib.gui.scene.nodes import is_in_scene, name_of, unique_name
from SSLSegmentationLib.gui.texts import _

# Digits behind the point; small numbers keep as many digits that count.
DIGITS = 4
# A table knows by references what it was made of.
SEGMENTATION_ROLE, REFERENCE_ROLE = "SSLSegmentation.segmentation", "SSLSegmentation.reference"


def find_table(segmentation: Any, *, reference: Any = None) -> Any:
    """The table that holds the measures of a segmentation, or its agreement with `reference`; None where there is none."""
    wanted = {SEGMENTATION_ROLE: segmentation, REFERENCE_ROLE: reference}
    for table in slicer.util.getNodesByClass("vtkMRMLTableNode"):
        # A reference that was deleted leaves its column.
        compares = table.GetTable().GetColumnByName("reference") is not None
        if compares == (reference is not None) and all(table.GetNodeReference(role) is node for role, node in wanted.items()):
            return table
    return None


def fill_table(
    node: Any,
    rows: Sequence[MeasureRow],
    columns: Sequence[Measure],
    *,
    name: str,
    segmentation: Any,
    reference: Any = None,
    units: Optional[Mapping[str, str]] = None,
) -> Any:
    """A table of measures: tissue, state in words, one column a measure, then label, scan and what was measured.

    `node` is refilled where it is still in the scene, so that views and observers keep it; else a new one is made. `find_table`
    finds it again by `segmentation` and `reference`. Returns the node.
    `units` says what the units "image" and "map" stand for ({"image": "HU"}); unknown ones are left out. Cells are texts:
    a cell whose value can't be had is empty in views and files alike, which a column of numbers cannot be.
    """
    texts = [
        ("tissue", _("Tissue"), "", _("The segment that was measured."), [row.tissue for row in rows]),
        ("state", _("State"), "", _("What to know about the row; empty where all is well."), [in_words(row) for row in rows]),
    ]
    for measure in columns:
        unit = shown_unit(measure, units or {})
        texts.append((measure.name, measure.title, unit, measure.help, [_cell(row.values.get(measure.name)) for row in rows]))
    # Last, since the first columns are what a narrow panel shows.
    texts += [
        ("label", _("Label"), "", _("The label value of the tissue."), [str(row.label) for row in rows]),
        ("scan", _("Scan"), "", _("The scan that was measured."), [row.scan for row in rows]),
    ]
    measured = [name_of(segmentation)] * len(rows)
    texts.append(("segmentation", _("Segmentation"), "", _("The segmentation that was measured."), measured))
    if reference is not None:
        compared = [name_of(reference)] * len(rows)
        texts.append(("reference", _("Reference"), "", _("The segmentation that it was compared with."), compared))
    filled = [(title, unit, text, _strings(key, cells)) for key, title, unit, text, cells in texts]
    return _filled(node, filled, name=name, made_of={SEGMENTATION_ROLE: segmentation, REFERENCE_ROLE: reference})


def fill_numbers(node: Any, columns: Mapping[str, Sequence[Optional[float]]], *, name: str) -> Any:
    """A table of columns of equal length, for plots; an unknown value is NaN, which plots leave out."""
    return _filled(node, [(key, "", "", _numbers(key, values)) for key, values in columns.items()], name=name)


def in_words(row: MeasureRow) -> str:
    """The states of a row as a person says them, "" where there are none."""
    words = {
        ABSENT: _("not there"),
        NOT_APPLICABLE: _("nothing to compare with"),
        TOO_FEW_VOXELS: _("very small"),
        TOUCHES_BORDER: _("cut off by the edge of the scan"),
    }
    return ", ".join(words.get(state, state) for state in row.states)


def shown_unit(measure: Measure, units: Mapping[str, str]) -> str:
    """The unit of a measure as it is shown: that of the image or map where the measure has it."""
    return units.get(measure.unit, "") if measure.unit in ("image", "map") else measure.unit


def _cell(value: Optional[float]) -> str:
    if value is None or not math.isfinite(value):
        return ""
    if value == int(value):
        return str(int(value))
    if abs(value) < 10**-DIGITS * 1000:
        return f"{value:.{DIGITS}g}"
    return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")


def _filled(
    node: Any, columns: Sequence[Tuple[str, str, str, Any]], *, name: str, made_of: Optional[Mapping[str, Any]] = None
) -> Any:
    table = node if is_in_scene(node) else slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", unique_name(name))
    modifying = table.StartModify()
    try:
        table.RemoveAllColumns()
        for title, unit, text, column in columns:
            table.AddColumn(column)
            key = column.GetName()
            table.SetColumnTitle(key, f"{title} [{unit}]" if unit else title)
            table.SetColumnDescription(key, text)
            if unit:
                table.SetColumnUnitLabel(key, unit)
        table.SetUseColumnTitleAsColumnHeader(True)
        table.SetLocked(True)
        for role, source in (made_of or {}).items():
            table.SetNodeReferenceID(role, source.GetID() if is_in_scene(source) else None)
    finally:
        table.EndModify(modifying)
    return table


def _strings(key: str, cells: Sequence[str]) -> Any:
    column = vtk.vtkStringArray()
    column.SetName(key)
    for cell in cells:
        column.InsertNextValue(cell)
    return column


def _numbers(key: str, values: Sequence[Optional[float]]) -> Any:
    column = vtk.vtkDoubleArray()
    column.SetName(key)
    for value in values:
        column.InsertNextValue(math.nan if value is None else float(value))
    return column
