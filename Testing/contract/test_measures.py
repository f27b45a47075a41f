"""The tables of measures, and the states of a row."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.measures import (
    AGREEMENT_MEASURES,
    BIOMARKER_MEASURES,
    STATES,
    MeasureRow,
    map_measures,
    states_of,
)

FIXED = ["voxels", "volume_ml", "mean", "sd", "median", "p05", "p95", "csa_mean_mm2", "csa_max_mm2"]


def test_the_columns_that_others_rely_on_come_first_and_in_order() -> None:
    assert list(BIOMARKER_MEASURES)[: len(FIXED)] == FIXED
    assert list(AGREEMENT_MEASURES)[:4] == ["dice", "hausdorff95_mm", "assd_mm", "volume_error_percent"]


def test_a_map_adds_four_columns_under_its_name() -> None:
    assert [measure.name for measure in map_measures("t2")] == ["t2_mean", "t2_sd", "t2_median", "t2_missing_voxels"]


def test_every_measure_says_what_it_is() -> None:
    for name, measure in {**BIOMARKER_MEASURES, **AGREEMENT_MEASURES}.items():
        assert measure.name == name
        assert measure.title
        assert measure.help.endswith(".")


@pytest.mark.parametrize(
    ("voxels", "touches", "expected"),
    [
        (0, False, ("absent",)),
        (9, False, ("too_few_voxels",)),
        (9, True, ("too_few_voxels", "touches_border")),
        (10, True, ("touches_border",)),
        (10, False, ()),
    ],
)
def test_states_follow_from_voxels_and_border(voxels: int, touches: bool, expected: tuple) -> None:
    states = states_of(voxels=voxels, touches_border=touches)
    assert states == expected
    assert set(states) <= set(STATES)


def test_several_states_are_joined_by_a_semicolon() -> None:
    assert MeasureRow("a", "b", 1, ("too_few_voxels", "touches_border"), {}).state == "too_few_voxels;touches_border"
    assert MeasureRow("a", "b", 1, (), {}).state == ""
