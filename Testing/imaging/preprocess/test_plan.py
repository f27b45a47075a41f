"""The plan answers every "auto" of the config and survives JSON."""

from __future__ import annotations

import json

import pytest

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan, plan_preprocessing
from Testing.imaging.preprocess.grids import geometry


def plan_of(preprocess=None, spacings=((1.0, 1.0, 1.0),), modality="mri", channels=1, direction=None, dims=2, shape=(5, 6, 7)):
    sections = {"data": {"images": "scans", "modality": modality}, "network": {"dims": dims}, "preprocess": preprocess or {}}
    config = parse(sections)
    geometries = [geometry(shape, spacing=spacing, direction=direction) for spacing in spacings]
    return plan_preprocessing(config, geometries, channels=channels)


def test_mri_is_scaled_by_z_score_and_ct_by_windows():
    assert plan_of().normalisation == "zscore"
    ct = plan_of(modality="ct", channels=2)
    assert ct.normalisation == "ct_windows"
    assert (ct.channels, ct.prepared_channels) == (2, 6)


def test_a_given_normalisation_wins_over_the_modality():
    assert plan_of({"normalisation": "zscore"}, modality="ct").normalisation == "zscore"


@pytest.mark.parametrize(
    ("spacing", "axis"),
    [((1, 1, 3), "axial"), ((1, 3, 1), "coronal"), ((3, 1, 1), "sagittal"), ((1.0, 1.4, 1.0), "axial"), ((1, 3, 3), "axial")],
)
def test_slices_lie_across_the_axis_of_clearly_the_largest_spacing_else_axial(spacing, axis):
    assert plan_of(spacings=[tuple(map(float, spacing))]).slice_axis == axis


def test_the_slice_axis_is_found_in_world_space():
    sagittal_scan = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # slices along the left-right axis
    assert plan_of(spacings=[(0.5, 0.5, 3.0)], direction=sagittal_scan).slice_axis == "sagittal"


def test_one_odd_case_does_not_decide_the_slice_axis():
    assert plan_of(spacings=[(1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (5.0, 1.0, 1.0)]).slice_axis == "axial"


def test_spacing_is_none_given_or_the_median():
    spacings = [(1.0, 2.0, 3.0), (1.2, 2.2, 3.2), (9.0, 9.0, 9.0)]
    assert plan_of(spacings=spacings).spacing is None
    assert plan_of({"spacing": [2, 1, 1]}, spacings=spacings).spacing == (2.0, 1.0, 1.0)
    assert plan_of({"spacing": "auto", "slice_axis": "axial"}, spacings=spacings).spacing == pytest.approx((3.2, 2.2, 1.2))
    assert plan_of({"spacing": "auto", "slice_axis": "coronal"}, spacings=spacings).spacing == pytest.approx((2.2, 3.2, 1.2))


@pytest.mark.parametrize(
    ("facts", "neighbours"),
    [
        ({}, 1),
        ({"spacings": [(1.0, 1.0, 3.0)]}, 1),
        ({"spacings": [(1.0, 1.0, 3.1)]}, 0),
        ({"spacings": [(1.0, 1.0, 9.0), (1.0, 1.0, 2.0), (1.0, 1.0, 2.0)]}, 1),
        ({"spacings": [(3.1, 1.0, 1.0)]}, 0),
        ({"spacings": [(3.1, 1.0, 1.0)], "preprocess": {"slice_axis": "axial"}}, 1),
        ({"spacings": [(1.0, 1.0, 5.0)], "preprocess": {"spacing": [2.0, 1.0, 1.0]}}, 1),
        ({"spacings": [(1.0, 1.0, 5.0)], "preprocess": {"neighbour_slices": 2}}, 2),
        ({"preprocess": {"neighbour_slices": 0}}, 0),
        ({"modality": "ct"}, 0),
        ({"modality": "ct", "preprocess": {"normalisation": "zscore"}}, 1),
        ({"channels": 2}, 0),
        ({"dims": 3}, 0),
        ({"shape": (1, 6, 7)}, 0),
    ],
)
def test_neighbouring_slices_join_where_they_lie_close_and_cost_little(facts, neighbours):
    assert plan_of(**facts).neighbour_slices == neighbours


@pytest.mark.parametrize("spacing", ["none", "auto", [3.0, 1.5, 1.25]])
def test_a_plan_survives_json(spacing):
    plan = plan_of({"spacing": spacing, "neighbour_slices": 2}, modality="ct", channels=2)
    assert PreprocessPlan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan
