"""Rows and summary of `evaluate`: a miss lowers the mean, and what can't be had is empty."""

from __future__ import annotations

from typing import Dict, Optional

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import AGREEMENT_MEASURES, MeasureRow
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging.agreement import agreement_columns, evaluate, mean_dice, summarise
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
PLACE = Geometry((8, 10, 12), (1.0, 2.0, 5.0), (0.0, 0.0, 0.0), AXIAL)
TABLE = TissueTable.from_names({1: "muscle", 2: "fat", 3: "bone", 4: "skin"}, given=True)


def labels(**boxes: tuple) -> LabelMap:
    array = np.zeros(PLACE.shape, dtype=np.uint8)
    for tissue in TABLE:
        if tissue.name in boxes:
            array[tuple(slice(*part) for part in boxes[tissue.name])] = tissue.value
    return LabelMap(array, PLACE, TABLE)


REFERENCE = labels(muscle=((1, 5), (1, 5), (1, 5)), fat=((1, 5), (6, 9), (1, 5)))
PREDICTION = labels(muscle=((1, 5), (1, 5), (2, 7)), bone=((1, 5), (1, 5), (8, 11)))


def rows(scan: Optional[Scan] = None, **tables: TissueTable) -> Dict[str, MeasureRow]:
    return {row.tissue: row for row in evaluate(PREDICTION, REFERENCE, scan=scan, scan_name="case", **tables)}


def test_a_found_tissue_has_all_that_needs_no_image() -> None:
    row = rows()["muscle"]
    assert row.states == ()
    assert row.values["dice"] == pytest.approx(2 * 48 / (80 + 64))
    assert row.values["volume_error_percent"] == pytest.approx(25.0)
    assert row.values["csa_max_error_percent"] == pytest.approx(25.0)
    assert (row.values["prediction_ml"], row.values["reference_ml"]) == pytest.approx((0.8, 0.64))
    assert row.values["mean_error"] is None


def test_a_missed_tissue_is_absent_with_a_dice_of_zero() -> None:
    row = rows()["fat"]
    assert row.states == ("absent",)
    assert row.values["dice"] == 0
    assert row.values["volume_error_percent"] == -100
    assert row.values["hausdorff95_mm"] is None
    assert row.values["prediction_ml"] is None


def test_an_invented_tissue_is_not_applicable_with_a_dice_of_zero() -> None:
    row = rows()["bone"]
    assert row.states == ("not_applicable",)
    assert row.values["dice"] == 0
    assert row.values["volume_error_percent"] is None
    assert row.values["reference_ml"] is None


def test_a_tissue_that_neither_has_is_not_applicable_without_any_value() -> None:
    row = rows()["skin"]
    assert row.states == ("not_applicable",)
    assert set(row.values) == set(AGREEMENT_MEASURES)
    assert all(value is None for value in row.values.values())


def test_errors_of_the_mean_need_the_image() -> None:
    image = np.zeros(PLACE.shape, dtype=np.int16)
    image[:, :, :5] = -100
    row = rows(scan=Scan(image, PLACE))["muscle"]
    assert row.values["mean_error"] == pytest.approx(-60.0 + 100.0)
    assert row.values["mean_error_percent"] == pytest.approx(40.0)
    assert rows(scan=Scan(image, PLACE))["fat"].values["mean_error"] is None


def test_a_mean_of_zero_has_no_percent_error() -> None:
    row = rows(scan=Scan(np.zeros(PLACE.shape), PLACE))["muscle"]
    assert row.values["mean_error_percent"] is None
    assert row.values["mean_error"] == 0


def test_a_reference_on_the_border_or_of_few_voxels_is_said() -> None:
    small = labels(muscle=((0, 1), (3, 4), (3, 4)))
    assert evaluate(small, small)[0].states == ("too_few_voxels", "touches_border")


def test_a_miss_counts_as_zero_in_the_mean_and_nothing_is_dropped() -> None:
    perfect = evaluate(REFERENCE, REFERENCE, scan_name="other")
    found = {summary.tissue: summary for summary in summarise([*rows().values(), *perfect])}
    assert found["fat"].dice_mean == pytest.approx(0.5)
    assert (found["fat"].scans, found["fat"].missed) == (2, 1)
    assert found["muscle"].dice_mean == pytest.approx((2 / 3 + 1) / 2)
    assert found["muscle"].volume_error_percent_median == pytest.approx(12.5)
    assert (found["bone"].scans, found["bone"].dice_mean) == (1, 0)
    assert (found["skin"].scans, found["skin"].dice_mean, found["skin"].assd_mm_median) == (0, None, None)
    assert mean_dice(list(found.values())) == pytest.approx((5 / 6 + 0.5 + 0) / 3)
    assert mean_dice([found["skin"]]) is None
    assert found["fat"].as_dict()["missed"] == 1


def test_tissues_that_only_one_side_names_are_compared_too() -> None:
    prediction = LabelMap(PREDICTION.array, PLACE, TissueTable.from_names({1: "muscle", 3: "os"}))
    reference = LabelMap(REFERENCE.array, PLACE, TissueTable.from_names({1: "muscle"}))
    found = evaluate(prediction, reference)
    assert [(row.tissue, row.label) for row in found] == [("muscle", 1), ("os", 3), ("label_2", 2)]


def test_a_label_outside_a_given_table_is_refused_on_either_side() -> None:
    with pytest.raises(SSLSegmentationError, match="the prediction holds labels") as caught:
        rows(tissues=TissueTable.from_names({1: "muscle", 2: "fat"}, given=True))
    assert caught.value.code == "data.unknown_label"
    with pytest.raises(SSLSegmentationError, match="the reference holds labels"):
        rows(tissues=TissueTable.from_names({1: "muscle", 3: "bone"}, given=True))


def test_grids_that_differ_are_refused() -> None:
    moved = Geometry(PLACE.shape, PLACE.spacing, (0.4, 0.0, 0.0), AXIAL)
    with pytest.raises(SSLSegmentationError) as caught:
        evaluate(LabelMap(PREDICTION.array, moved, TABLE), REFERENCE)
    assert caught.value.code == "data.grid_mismatch"
    with pytest.raises(SSLSegmentationError) as caught:
        evaluate(PREDICTION, REFERENCE, scan=Scan(np.zeros(PLACE.shape), moved))
    assert caught.value.code == "data.grid_mismatch"


def test_an_image_that_is_not_finite_is_refused() -> None:
    with pytest.raises(SSLSegmentationError) as caught:
        rows(scan=Scan(np.full(PLACE.shape, np.nan), PLACE))
    assert caught.value.code == "data.not_finite"


def test_the_columns_are_those_that_the_contract_promises() -> None:
    assert [measure.name for measure in agreement_columns()] == list(AGREEMENT_MEASURES)
