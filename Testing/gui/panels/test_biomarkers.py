"""Biomarkers: pressed as a person presses it, without any backend, on phantoms whose measures are known."""

from __future__ import annotations

import csv

import pytest
import slicer

from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.imaging.phantoms import make_phantom
from Testing.harness.watchdog import pump

TIMEOUT = 60.0


@pytest.fixture
def phantom(scene):
    """(phantom, volume node, segmentation node with the true labels)."""
    made = make_phantom("ct_l3", seed=3)
    volume = Operation(volumes.volume_from_scan(next(iter(made.scans.values())), "body")).wait()
    steps = create_segmentation(volume, name="truth", label_map=made.label_map.array, tissues=made.tissues, tags={})
    return made, volume, Operation(steps).wait()


@pytest.fixture
def panel(open_module, phantom):
    shown = open_module().panel("biomarkers")
    shown.segmentation.setCurrentNode(phantom[2])
    return shown


def press_measure(panel):
    panel.measure_button.click()
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT), panel.progress.text.text


def table_of(identifier):
    node = slicer.mrmlScene.GetNodeByID(identifier)
    table = node.GetTable()
    names = [table.GetColumnName(index) for index in range(table.GetNumberOfColumns())]
    return [
        {name: table.GetValue(row, column).ToString() for column, name in enumerate(names)}
        for row in range(table.GetNumberOfRows())
    ]


def column(rows, name):
    return [row[name] for row in rows]


def test_the_table_has_the_known_volumes_of_the_phantom(panel, phantom):
    made = phantom[0]
    press_measure(panel)
    rows = table_of(panel.state.table)
    assert [row["tissue"] for row in rows] == [tissue.name for tissue in made.tissues]
    for row, tissue in zip(rows, made.tissues):
        voxels = int((made.label_map.array == tissue.value).sum())
        volume = voxels * made.label_map.geometry.voxel_volume_mm3 / 1000
        shown = next(value for key, value in row.items() if key.startswith("volume_ml"))
        assert float(shown) == pytest.approx(volume, rel=1e-3)


def test_the_volume_of_the_segmentation_is_chosen_by_itself(panel, phantom):
    assert panel.volume.currentNode() is phantom[1]


def test_a_correction_is_measured_without_predicting_again(panel, phantom):
    _made, volume, segmentation = phantom
    press_measure(panel)
    before = table_of(panel.state.table)
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    array = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, identifier, volume)
    array[:] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, segmentation, identifier, volume)
    node = panel.state.table
    press_measure(panel)
    after = table_of(panel.state.table)
    assert panel.state.table == node
    assert column(before, "volume_ml")[0] != ""
    assert column(after, "volume_ml")[0] == ""
    assert after[0]["state"] == "not there"


def test_intensities_of_a_ct_are_in_hounsfield_units(panel, phantom):
    phantom[1].SetAttribute("DICOM.Modality", "CT")
    press_measure(panel)
    table = slicer.mrmlScene.GetNodeByID(panel.state.table)
    assert table.GetColumnUnitLabel("mean") == "HU"


def test_a_reference_gives_dice_by_name(panel, phantom):
    made, volume, _segmentation = phantom
    array = made.label_map.array.copy()
    array[:, : array.shape[1] // 2] = 0
    steps = create_segmentation(volume, name="half", label_map=array, tissues=made.tissues, tags={})
    panel.reference.setCurrentNode(Operation(steps).wait())
    press_measure(panel)
    rows = {row["tissue"]: row for row in table_of(panel.state.agreement_table)}
    for tissue in made.tissues:
        ours, reference = made.label_map.array == tissue.value, array == tissue.value
        dice = 2 * (ours & reference).sum() / (ours.sum() + reference.sum())
        shown = rows[tissue.name]["dice"]
        assert float(shown or 0) == pytest.approx(dice, abs=1e-3)


def test_a_parameter_map_adds_its_columns(panel, phantom):
    panel.parameter_map.setCurrentNode(phantom[1])
    press_measure(panel)
    rows = table_of(panel.state.table)
    assert column(rows, "map_mean")[0] == column(rows, "mean")[0]


def test_the_table_is_saved_as_the_command_line_writes_it(panel, dialogs, tmp_path):
    press_measure(panel)
    dialogs.file = str(tmp_path / "tabelle ä.csv")
    panel.save_button.click()
    with (tmp_path / "tabelle ä.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {"scan", "tissue", "label", "state", "volume_ml"} <= set(rows[0])


def test_the_plot_by_slice_is_a_chart_of_all_tissues(panel, phantom):
    press_measure(panel)
    panel.plot_button.click()
    chart = slicer.mrmlScene.GetNodeByID(panel.state.chart)
    assert chart.GetNumberOfPlotSeriesNodes() == len(phantom[0].tissues)


def test_cancel_leaves_no_table(panel):
    panel.measure_button.click()
    pump(timeout=0.1)
    panel.progress.cancel_button.click()
    assert panel.operation is None
    assert not panel.state.table


def test_a_volume_deleted_while_it_is_measured_ends_in_a_message(panel, phantom):
    panel.measure_button.click()
    slicer.mrmlScene.RemoveNode(phantom[1])
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)


def test_closing_the_scene_in_between_leaves_no_error(panel, events):
    panel.measure_button.click()
    pump(timeout=0.05)
    slicer.mrmlScene.Clear(0)
    pump(timeout=0.1)
    assert panel.operation is None
    assert not events.messages
