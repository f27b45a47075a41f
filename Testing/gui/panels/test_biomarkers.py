"""Biomarkers: pressed as a person presses it, without any backend, on phantoms whose measures are known."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import slicer

from SSLSegmentationLib.contract.tissues import Tissue, TissueTable
from SSLSegmentationLib.gui.operation import Operation
from SSLSegmentationLib.gui.panels.biomarkers import logic
from SSLSegmentationLib.gui.scene import volumes
from SSLSegmentationLib.gui.scene.segmentations import create_segmentation
from SSLSegmentationLib.imaging.phantoms import make_phantom
from Testing.harness.watchdog import pump

TIMEOUT = 60.0


@pytest.fixture
def phantom(scene):
    """(phantom, volume node, segmentation node with the true labels)."""
    made = make_phantom("ct_l3", seed=3)
    volume = add_volume(made, "body")
    return made, volume, add_segmentation(volume, "truth", made.label_map.array, made.tissues)


def add_volume(made, name):
    return Operation(volumes.volume_from_scan(next(iter(made.scans.values())), name)).wait()


def add_segmentation(volume, name, labels, tissues, **tags):
    steps = create_segmentation(volume, name=name, label_map=labels, tissues=tissues, tags=tags)
    return Operation(steps).wait()


def node_of(identifier):
    return slicer.mrmlScene.GetNodeByID(identifier)


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


def test_the_volume_of_the_segmentation_is_chosen_by_itself_where_several_are_loaded(scene, open_module):
    made = make_phantom("ct_l3", seed=3)
    _first, second, third = (add_volume(made, name) for name in ("first", "second", "third"))
    add_segmentation(second, "of the second", made.label_map.array, made.tissues)
    panel = open_module().panel("biomarkers")
    assert panel.volume.currentNode() is second
    newer = add_segmentation(third, "of the third", made.label_map.array, made.tissues)
    panel.segmentation.setCurrentNode(newer)
    assert panel.volume.currentNode() is third


def test_a_first_segmentation_made_while_the_panel_is_open_brings_its_volume(scene, open_module):
    made = make_phantom("ct_l3", seed=3)
    add_volume(made, "first")
    second = add_volume(made, "second")
    panel = open_module().panel("biomarkers")
    assert panel.volume.currentNode().GetName() == "first"
    add_segmentation(second, "of the second", made.label_map.array, made.tissues)
    assert panel.volume.currentNode() is second


def test_another_volume_that_a_person_chose_stays_chosen(panel, phantom):
    other = add_volume(phantom[0], "other")
    panel.volume.setCurrentNode(other)
    panel.enter()
    assert panel.volume.currentNode() is other


def test_each_segmentation_has_a_table_of_its_own(panel, phantom):
    made, volume, first = phantom
    half = np.where(np.arange(made.label_map.array.shape[1])[None, :, None] < 60, made.label_map.array, 0)
    second = add_segmentation(volume, "half", half.astype(np.uint8), made.tissues)
    press_measure(panel)
    of_first, before = panel.state.table, table_of(panel.state.table)
    panel.segmentation.setCurrentNode(second)
    press_measure(panel)
    assert panel.state.table != of_first
    assert node_of(panel.state.table).GetName() == "half biomarkers"
    assert set(column(table_of(panel.state.table), "segmentation")) == {"half"}
    assert table_of(of_first) == before and set(column(before, "segmentation")) == {"truth"}
    panel.segmentation.setCurrentNode(first)
    press_measure(panel)
    assert panel.state.table == of_first and table_of(of_first) == before


def test_each_pair_of_segmentations_has_a_table_of_agreement_of_its_own(panel, phantom):
    made, volume, first = phantom
    references = [add_segmentation(volume, name, made.label_map.array, made.tissues) for name in ("A", "B")]
    tables = []
    for reference in references:
        panel.reference.setCurrentNode(reference)
        press_measure(panel)
        tables.append(panel.state.agreement_table)
        assert set(column(table_of(tables[-1]), "reference")) == {reference.GetName()}
    assert len(set(tables)) == 2


def test_what_is_chosen_during_measuring_does_not_change_whose_table_it_is(panel, phantom):
    made, volume, _segmentation = phantom
    other = add_segmentation(volume, "other", made.label_map.array, made.tissues)
    panel.measure_button.click()
    panel.segmentation.setCurrentNode(other)
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT), panel.progress.text.text
    assert node_of(panel.state.table).GetName() == "truth biomarkers"
    assert set(column(table_of(panel.state.table), "segmentation")) == {"truth"}


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


@pytest.mark.parametrize(
    ("of_volume", "own", "unit"), [("", True, "HU"), ("MR", True, ""), ("PT", True, ""), ("CT", False, "HU"), ("", False, "")]
)
def test_what_the_model_was_for_counts_only_where_nothing_else_is_known_of_its_own_volume(scene, of_volume, own, unit):
    made = make_phantom("ct_l3", seed=3)
    volume, other = add_volume(made, "scan"), add_volume(made, "other")
    segmentation = add_segmentation(volume, "by a CT model", made.label_map.array, made.tissues, Modality="ct")
    measured = volume if own else other
    measured.SetAttribute("DICOM.Modality", of_volume)
    assert logic.units(measured, segmentation).get("image", "") == unit


def test_the_unit_of_a_parameter_map_is_asked_for_and_kept(panel, phantom, open_module):
    panel.parameter_map.setCurrentNode(phantom[1])
    assert panel.map_unit.text == ""
    panel.map_unit.setText("ms")
    panel.map_unit.editingFinished.emit()
    press_measure(panel)
    assert node_of(panel.state.table).GetColumnTitle("map_mean") == "map mean [ms]"
    panel.enter()
    assert panel.map_unit.text == "ms"
    of_ct = add_volume(phantom[0], "CT")
    unit = slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning("[hnsf'U]", "UCUM", "Hounsfield unit")
    of_ct.SetVoxelValueUnits(unit)
    panel.parameter_map.setCurrentNode(of_ct)
    assert panel.map_unit.text == "HU"


def test_a_parameter_map_that_lies_elsewhere_is_refused_with_the_remedy(panel, phantom, events):
    moved = add_volume(phantom[0], "T2 map")
    node, matrix = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode"), np.eye(4)
    matrix[0, 3] = 5
    slicer.util.updateTransformMatrixFromArray(node, matrix)
    moved.SetAndObserveTransformNodeID(node.GetID())
    panel.parameter_map.setCurrentNode(moved)
    press_measure(panel)
    assert "'T2 map' do not lie on those of 'body'" in panel.progress.text.text
    assert "Resample" in panel.progress.text.text and events.messages
    assert not panel.state.table


def test_intensities_of_a_ct_are_in_hounsfield_units(panel, phantom):
    phantom[1].SetAttribute("DICOM.Modality", "CT")
    press_measure(panel)
    table = slicer.mrmlScene.GetNodeByID(panel.state.table)
    assert table.GetColumnUnitLabel("mean") == "HU"


def test_a_reference_gives_dice_by_name(panel, phantom):
    made, volume, _segmentation = phantom
    array = made.label_map.array.copy()
    array[:, : array.shape[1] // 2] = 0
    panel.reference.setCurrentNode(add_segmentation(volume, "half", array, made.tissues))
    press_measure(panel)
    rows = {row["tissue"]: row for row in table_of(panel.state.agreement_table)}
    for tissue in made.tissues:
        ours, reference = made.label_map.array == tissue.value, array == tissue.value
        dice = 2 * (ours & reference).sum() / (ours.sum() + reference.sum())
        shown = rows[tissue.name]["dice"]
        assert float(shown or 0) == pytest.approx(dice, abs=1e-3)


def test_tissues_that_only_one_of_both_has_are_told_as_evaluate_tells_them(panel, phantom):
    made, volume, _segmentation = phantom
    kept, lacking = made.tissues.tissues[1], made.tissues.tissues[0]
    # The reference numbers its tissues in its own way, and has one more.
    array = np.where(made.label_map.array == kept.value, 1, 0).astype(np.uint8)
    array[:, :5, :5] = 2
    tissues = TissueTable.of([Tissue(1, kept.name, (255, 0, 0)), Tissue(2, "missed", (0, 255, 0))], given=True)
    panel.reference.setCurrentNode(add_segmentation(volume, "reference", array, tissues))
    press_measure(panel)
    rows = {row["tissue"]: row for row in table_of(panel.state.agreement_table)}
    assert set(rows) == {*(tissue.name for tissue in made.tissues), "missed"}
    assert (rows[kept.name]["dice"], rows[kept.name]["state"]) == ("1", "")
    assert (rows["missed"]["dice"], rows["missed"]["volume_error_percent"]) == ("0", "-100")
    assert rows["missed"]["state"].startswith("not there")
    assert rows[lacking.name]["state"] == "nothing to compare with"


def test_overlapping_segments_are_compared_each_with_its_own(panel, phantom):
    made, volume, segmentation = phantom
    reference = add_segmentation(volume, "reference", made.label_map.array, made.tissues)
    everything = (made.label_map.array > 0).astype(np.uint8)
    for node in (segmentation, reference):
        content = node.GetSegmentation()
        first = content.GetNthSegmentID(0)
        body = content.AddEmptySegment("", "body", [1.0, 0.0, 0.0])
        content.SeparateSegmentLabelmap(body)
        slicer.util.updateSegmentBinaryLabelmapFromArray(everything, node, body, volume)
        assert slicer.util.arrayFromSegmentBinaryLabelmap(node, first, volume).any()
    panel.reference.setCurrentNode(reference)
    press_measure(panel)
    rows = {row["tissue"]: row for row in table_of(panel.state.agreement_table)}
    assert {row["dice"] for row in rows.values()} == {"1"}
    assert float(rows["body"]["prediction_ml"]) == pytest.approx(
        everything.sum() * made.label_map.geometry.voxel_volume_mm3 / 1000, rel=1e-3
    )


def test_segmentations_without_a_common_name_are_not_compared(panel, phantom, events):
    made, volume, _segmentation = phantom
    renamed = TissueTable.from_names({tissue.value: f"other {tissue.value}" for tissue in made.tissues}, given=True)
    panel.reference.setCurrentNode(add_segmentation(volume, "reference", made.label_map.array, renamed))
    press_measure(panel)
    assert "same name" in panel.progress.text.text and events.messages


def test_a_parameter_map_adds_its_columns(panel, phantom):
    panel.parameter_map.setCurrentNode(phantom[1])
    press_measure(panel)
    rows = table_of(panel.state.table)
    assert column(rows, "map_mean")[0] == column(rows, "mean")[0]


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_table_is_saved_as_the_command_line_writes_it(panel, phantom, dialogs, tmp_path):
    made, volume, segmentation = phantom
    volume.SetName('Körper, "links" 体')
    segmentation.GetSegmentation().GetNthSegment(0).SetName('Muskel, "m. psoas" ä')
    press_measure(panel)
    dialogs.file = str(tmp_path / "tabelle ä.csv")
    panel.save_button.click()
    rows = read_csv(tmp_path / "tabelle ä.csv")
    assert list(rows[0])[:5] == ["scan", "tissue", "label", "state", "voxels"]
    assert {row["scan"] for row in rows} == {'Körper, "links" 体'}
    assert rows[0]["tissue"] == 'Muskel, "m. psoas" ä'
    image = next(iter(made.scans.values())).array
    for row, tissue in zip(rows, made.tissues):
        inside = made.label_map.array == tissue.value
        assert (int(row["label"]), int(row["voxels"])) == (tissue.value, int(inside.sum()))
        assert float(row["volume_ml"]) == pytest.approx(inside.sum() * made.label_map.geometry.voxel_volume_mm3 / 1000, rel=1e-9)
        assert float(row["mean"]) == pytest.approx(image[inside].mean(dtype=float), rel=1e-6)


@pytest.mark.parametrize("agreed", [False, True])
def test_a_file_that_the_dialog_did_not_ask_about_is_not_replaced_without_a_question(panel, dialogs, events, tmp_path, agreed):
    (tmp_path / "table.csv").write_text("of last year")
    press_measure(panel)
    dialogs.file, dialogs.confirm = str(tmp_path / "table"), agreed
    panel.save_button.click()
    assert any("table.csv is there already" in text for text in events.texts)
    assert ((tmp_path / "table.csv").read_text(encoding="utf-8") == "of last year") == (not agreed)


def test_the_agreement_is_saved_too(panel, phantom, dialogs, tmp_path):
    made, volume, _segmentation = phantom
    assert not panel.save_agreement_button.isVisibleTo(panel.widget)
    panel.reference.setCurrentNode(add_segmentation(volume, "reference", made.label_map.array, made.tissues))
    press_measure(panel)
    assert panel.save_agreement_button.isVisibleTo(panel.widget)
    dialogs.file = str(tmp_path / "agreement.csv")
    panel.save_agreement_button.click()
    rows = read_csv(tmp_path / "agreement.csv")
    assert [row["tissue"] for row in rows] == [tissue.name for tissue in made.tissues]
    assert {float(row["dice"]) for row in rows} == {1.0}


def curves_of(panel):
    """The areas that the chart by slice shows, by tissue."""
    chart, found = node_of(panel.state.chart), {}
    for number in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(number)
        table = series.GetTableNode().GetTable()
        column = table.GetColumnByName(series.GetYColumnName())
        found[series.GetYColumnName()] = [column.GetValue(row) for row in range(table.GetNumberOfRows())]
    return found


def test_the_plot_by_slice_shows_the_area_of_every_tissue_and_follows_a_correction(panel, phantom):
    made, volume, segmentation = phantom
    press_measure(panel)
    panel.plot_button.click()
    columns, rows, _slices = made.label_map.geometry.spacing
    areas = {
        tissue.name: [float((part == tissue.value).sum()) * columns * rows for part in made.label_map.array]
        for tissue in made.tissues
    }
    assert curves_of(panel) == {name: pytest.approx(values) for name, values in areas.items()}
    chart, first = panel.state.chart, made.tissues.tissues[0].name
    identifier = segmentation.GetSegmentation().GetNthSegmentID(0)
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros_like(made.label_map.array), segmentation, identifier, volume)
    press_measure(panel)
    assert panel.state.chart == chart
    assert sum(curves_of(panel).get(first, [0.0])) == 0.0


def test_what_was_measured_goes_with_the_scene(panel):
    press_measure(panel)
    assert panel.after.isVisibleTo(panel.widget)
    slicer.mrmlScene.Clear(0)
    assert panel.measured is None
    assert not panel.after.isVisibleTo(panel.widget)


def test_cancel_leaves_no_table(panel):
    panel.measure_button.click()
    pump(timeout=0.1)
    panel.progress.cancel_button.click()
    assert panel.operation is None
    assert not panel.state.table


def test_a_volume_deleted_before_it_was_saved_ends_in_a_message(panel, phantom, events):
    panel.measure_button.click()
    slicer.mrmlScene.RemoveNode(phantom[1])
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert "'body' is no longer in the scene" in panel.progress.text.text
    assert events.messages and not panel.state.table


@pytest.mark.parametrize("which", [1, 2], ids=["volume", "segmentation"])
def test_a_node_deleted_while_it_is_measured_still_gives_its_table(panel, phantom, events, which):
    panel.measure_button.click()
    assert pump(lambda: panel.operation.progress.text == "Measuring", timeout=TIMEOUT)
    slicer.mrmlScene.RemoveNode(phantom[which])
    assert pump(lambda: panel.operation is None, timeout=TIMEOUT)
    assert not events.messages
    rows = table_of(panel.state.table)
    assert set(column(rows, "segmentation")) == {"truth"} and set(column(rows, "scan")) == {"body"}


def test_closing_the_scene_in_between_leaves_no_error(panel, events):
    panel.measure_button.click()
    pump(timeout=0.05)
    slicer.mrmlScene.Clear(0)
    pump(timeout=0.1)
    assert panel.operation is None
    assert not events.messages
