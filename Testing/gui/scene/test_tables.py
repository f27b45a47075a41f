"""Measures as tables: units, words for states, and cells that are empty where nothing is known."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import slicer
import vtk

from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES, MeasureRow, map_measures
from SSLSegmentationLib.gui.scene import tables

COLUMNS = [BIOMARKER_MEASURES[name] for name in ("voxels", "volume_ml", "mean", "csa_max_mm2")]
ROWS = [
    MeasureRow(
        "Knie 患者", "Muskel", 1, (), {"voxels": 1234567, "volume_ml": 12.3456789, "mean": -0.000123456, "csa_max_mm2": 0}
    ),
    MeasureRow("Knie 患者", "Fett", 2, ("absent",), {"voxels": None, "volume_ml": None, "mean": float("nan")}),
    MeasureRow("Knie 患者", "Knochen", 3, ("too_few_voxels", "touches_border"), {"voxels": 4, "volume_ml": 0.5, "mean": 1e9}),
]


def add_segmentation(name: str = "by hand") -> Any:
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)


def filled(node: Any, rows: Any = ROWS, *, columns: Any = COLUMNS, name: str = "Biomarkers", **facts: Any) -> Any:
    """`fill_table` with the measures of a segmentation."""
    return tables.fill_table(node, rows, columns, name=name, **{"segmentation": add_segmentation(), **facts})


def cells(table: Any) -> list[list[str]]:
    return [
        [table.GetCellText(row, column) for column in range(table.GetNumberOfColumns())] for row in range(table.GetNumberOfRows())
    ]


def test_cells_show_values_in_readable_digits_and_stay_empty_where_unknown(scene: Any) -> None:
    table = filled(None)
    assert cells(table) == [
        ["Muskel", "", "1234567", "12.3457", "-0.0001235", "0", "1", "Knie 患者", "by hand"],
        ["Fett", "not there", "", "", "", "", "2", "Knie 患者", "by hand"],
        ["Knochen", "very small, cut off by the edge of the scan", "4", "0.5", "1000000000", "", "3", "Knie 患者", "by hand"],
    ]


def test_headers_carry_units_and_columns_their_meaning(scene: Any) -> None:
    columns = [*COLUMNS, *map_measures("T2")]
    table = filled(None, columns=columns, units={"image": "HU", "map": "ms"})
    assert table.GetUseColumnTitleAsColumnHeader()
    assert table.GetColumnTitle("volume_ml") == "Volume [mL]"
    assert table.GetColumnTitle("voxels") == "Voxels"
    assert table.GetColumnTitle("mean") == "Mean [HU]"
    assert table.GetColumnTitle("T2_mean") == "T2 mean [ms]"
    assert table.GetColumnUnitLabel("volume_ml") == "mL"
    assert table.GetColumnDescription("volume_ml") == BIOMARKER_MEASURES["volume_ml"].help
    without = filled(None)
    assert without.GetColumnTitle("mean") == "Mean"
    assert without.GetName() == "Biomarkers 2"


def test_a_csv_of_slicer_has_empty_cells_too(scene: Any, tmp_path: Path) -> None:
    table = filled(None)
    storage = slicer.vtkMRMLTableStorageNode()
    storage.SetFileName(str(tmp_path / "table.csv"))
    assert storage.WriteData(table)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as handle:
        read = list(csv.DictReader(handle))
    assert read[1] == {
        "scan": "Knie 患者", "tissue": "Fett", "label": "2", "state": "not there", "segmentation": "by hand",
        "voxels": "", "volume_ml": "", "mean": "", "csa_max_mm2": "",
    }  # fmt: skip
    assert float(read[0]["volume_ml"]) == pytest.approx(12.3456789, abs=1e-4)


def test_the_same_node_is_refilled_and_its_observers_hear_of_it_once(scene: Any) -> None:
    table = filled(None)
    heard: list[str] = []
    table.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda node, event: heard.append(event))
    assert filled(table, ROWS[:1], columns=COLUMNS[:2], name="ignored") is table
    assert len(heard) == 1
    assert table.GetName() == "Biomarkers"
    assert (table.GetNumberOfRows(), table.GetNumberOfColumns()) == (1, 7)
    assert table.GetColumnUnitLabel("mean") == ""


def test_a_deleted_table_is_replaced(scene: Any) -> None:
    table = filled(None)
    scene.RemoveNode(table)
    fresh = filled(table)
    assert fresh is not table
    assert scene.IsNodePresent(fresh)


def test_a_table_is_found_again_by_what_was_measured_and_says_whose_values_it_holds(scene: Any) -> None:
    first, second, reference = (add_segmentation(name) for name in ("A", "B", "truth"))
    assert tables.find_table(first) is None
    measured = {node.GetName(): filled(None, segmentation=node) for node in (first, second)}
    compared = filled(None, segmentation=first, reference=reference)
    assert tables.find_table(first) is measured["A"]
    assert tables.find_table(second) is measured["B"]
    assert tables.find_table(first, reference=reference) is compared
    assert tables.find_table(second, reference=reference) is None
    assert [measured["B"].GetTable().GetValueByName(row, "segmentation").ToString() for row in range(3)] == ["B"] * 3
    assert compared.GetTable().GetValueByName(0, "reference").ToString() == "truth"


def test_an_agreement_whose_reference_was_deleted_is_no_table_of_biomarkers(scene: Any) -> None:
    segmentation, reference = add_segmentation("A"), add_segmentation("truth")
    filled(None, segmentation=segmentation, reference=reference)
    scene.RemoveNode(reference)
    assert tables.find_table(segmentation) is None


def test_tables_are_found_again_after_the_scene_was_saved_and_loaded(scene: Any, tmp_path: Path) -> None:
    filled(None, segmentation=add_segmentation("A"))
    bundle = str(tmp_path / "scene.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(0)
    assert scene.ReadFromMRB(bundle, False)
    assert tables.find_table(slicer.util.getNode("A")) is slicer.util.getNode("Biomarkers")


def test_a_table_without_rows_has_its_headers(scene: Any) -> None:
    table = filled(None, [])
    assert (table.GetNumberOfRows(), table.GetNumberOfColumns()) == (0, 9)


def test_unknown_states_are_shown_as_they_are() -> None:
    assert tables.in_words(MeasureRow("a", "b", 1, ("new_state",), {})) == "new_state"
