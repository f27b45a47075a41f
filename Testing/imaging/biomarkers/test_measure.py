"""`measure` against plain numpy, its states, and what it refuses."""

from __future__ import annotations

from typing import Dict

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.contract.measures import BIOMARKER_MEASURES, Measure, MeasureRow
from SSLSegmentationLib.contract.tissues import TissueTable
from SSLSegmentationLib.imaging import biomarkers
from SSLSegmentationLib.imaging.biomarkers import biomarker_columns, measure
from SSLSegmentationLib.imaging.biomarkers.intensity import percentiles, spread
from SSLSegmentationLib.imaging.biomarkers.region import Biomarker, Region, find_boxes, slice_axis_of
from SSLSegmentationLib.imaging.geometry import Geometry
from SSLSegmentationLib.imaging.scan import LabelMap, Scan

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
SPACING = (0.7, 0.9, 4.0)


def geometry(shape: tuple = (8, 12, 10), *, spacing: tuple = SPACING, origin: tuple = (-5.0, 3.0, 7.0)) -> Geometry:
    return Geometry(shape, spacing, origin, AXIAL)


def volumes(image: np.ndarray, labels: np.ndarray, *, names: Dict[int, str], given: bool = True, **grid: tuple) -> tuple:
    place = geometry(image.shape, **grid)
    return Scan(image, place), LabelMap(labels.astype(np.uint8), place, TissueTable.from_names(names, given=given))


def random_volumes(seed: int = 0) -> tuple:
    rng = np.random.default_rng(seed)
    image = rng.normal(50, 20, size=(8, 12, 10)).astype(np.float32)
    labels = np.zeros(image.shape)
    labels[1:7, 2:10, 1:9] = rng.integers(0, 3, size=(6, 8, 8))
    return volumes(image, labels, names={1: "muscle", 2: "fat", 3: "bone"})


def by_tissue(rows: list) -> Dict[str, MeasureRow]:
    return {row.tissue: row for row in rows}


def test_values_are_those_of_numpy_in_float64() -> None:
    scan, labels = random_volumes()
    for row in measure(scan, labels, scan_name="case")[:2]:
        mask = labels.array == row.label
        voxels = scan.array[mask].astype(np.float64)
        areas = mask.sum(axis=(1, 2)) * 0.7 * 0.9
        expected = {
            "voxels": voxels.size,
            "volume_ml": voxels.size * 0.7 * 0.9 * 4.0 / 1000,
            "mean": voxels.mean(),
            "sd": voxels.std(),
            "median": np.median(voxels),
            "p05": np.percentile(voxels, 5),
            "p95": np.percentile(voxels, 95),
            "csa_mean_mm2": areas[areas > 0].mean(),
            "csa_max_mm2": areas.max(),
            "csa_max_slice": areas.argmax(),
        }
        assert row.scan == "case"
        assert row.states == ()
        assert dict(row.values) == pytest.approx(expected, rel=1e-12)


def test_an_absent_tissue_has_no_values_at_all() -> None:
    row = by_tissue(measure(*random_volumes()))["bone"]
    assert row.states == ("absent",)
    assert set(row.values) == set(BIOMARKER_MEASURES)
    assert all(value is None for value in row.values.values())


def test_a_tissue_on_an_outer_face_keeps_its_measures() -> None:
    image, labels = np.ones((4, 6, 5)), np.zeros((4, 6, 5))
    labels[1:3, 2:6, 1:3] = 1
    row = measure(*volumes(image, labels, names={1: "a"}))[0]
    assert row.states == ("touches_border",)
    assert row.values["voxels"] == 16


def test_a_tissue_one_voxel_inside_does_not_touch() -> None:
    labels = np.zeros((4, 6, 5))
    labels[1:3, 1:5, 1:4] = 1
    assert measure(*volumes(np.ones(labels.shape), labels, names={1: "a"}))[0].states == ()


def test_a_single_slice_is_not_cut_by_its_own_faces() -> None:
    labels = np.zeros((1, 20, 20))
    labels[0, 5:10, 5:10] = 1
    row = measure(*volumes(np.ones(labels.shape), labels, names={1: "a"}))[0]
    assert row.states == ()
    assert row.values["csa_max_mm2"] == pytest.approx(25 * 0.7 * 0.9)


def test_few_voxels_are_measured_and_said() -> None:
    labels = np.zeros((4, 6, 5))
    labels[2, 3, 2] = 1
    row = measure(*volumes(np.full(labels.shape, 7.0), labels, names={1: "a"}))[0]
    assert row.states == ("too_few_voxels",)
    assert (row.values["voxels"], row.values["mean"], row.values["sd"], row.values["p95"]) == (1, 7.0, 0.0, 7.0)


def test_a_label_without_a_given_table_gets_a_name() -> None:
    labels = np.zeros((4, 6, 5))
    labels[1:3, 2:5, 1:3] = 7
    rows = measure(*volumes(np.ones(labels.shape), labels, names={}, given=False))
    assert [(row.tissue, row.label) for row in rows] == [("label_7", 7)]


def test_labels_far_beyond_the_usual_are_measured() -> None:
    labels = np.zeros((4, 6, 5), dtype=np.uint32)
    labels[1:3, 2:5, 1:3] = 4_000_000_000
    labels[0, 0, 0] = 2
    place = geometry(labels.shape)
    rows = measure(Scan(np.ones(labels.shape), place), LabelMap(labels, place, TissueTable(())))
    assert [(row.label, row.values["voxels"]) for row in rows] == [(2, 1), (4_000_000_000, 12)]
    assert find_boxes(labels + np.uint32(70000))[70002] == (slice(0, 1), slice(0, 1), slice(0, 1))


def test_a_map_is_measured_without_its_missing_voxels() -> None:
    scan, labels = random_volumes()
    values = np.random.default_rng(1).uniform(20, 60, size=scan.array.shape)
    values[labels.array == 2] = np.nan
    missing = np.argwhere(labels.array == 1)[:3]
    values[tuple(missing.T)] = np.nan, np.inf, -np.inf
    rows = by_tissue(measure(scan, labels, maps={"t2": Scan(values, scan.geometry)}))
    rest = values[(labels.array == 1) & np.isfinite(values)]
    assert rows["muscle"].values["t2_missing_voxels"] == 3
    assert rows["muscle"].values["t2_mean"] == pytest.approx(rest.mean(), rel=1e-12)
    assert rows["muscle"].values["t2_sd"] == pytest.approx(rest.std(), rel=1e-12)
    assert rows["muscle"].values["t2_median"] == pytest.approx(np.median(rest), rel=1e-12)
    assert rows["fat"].values["t2_mean"] is None
    assert rows["fat"].values["t2_missing_voxels"] == rows["fat"].values["voxels"]
    assert rows["bone"].values["t2_missing_voxels"] is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_image_that_is_not_finite_is_refused_with_the_count(bad: float) -> None:
    scan, labels = random_volumes()
    image = scan.array.copy()
    image[0, 0, :3] = bad
    with pytest.raises(SSLSegmentationError, match="in 3 voxels") as caught:
        measure(Scan(image, scan.geometry), labels)
    assert (caught.value.code, caught.value.exit_code) == ("data.not_finite", 3)


def test_a_label_map_four_tenths_of_a_millimetre_away_is_refused() -> None:
    scan, labels = random_volumes()
    moved = LabelMap(labels.array, geometry(origin=(-5.0, 3.4, 7.0)), labels.tissues)
    with pytest.raises(SSLSegmentationError, match="voxels away") as caught:
        measure(scan, moved)
    assert caught.value.code == "data.grid_mismatch"


def test_a_map_of_another_shape_is_refused_by_name() -> None:
    scan, labels = random_volumes()
    other = Scan(np.ones((8, 12, 9)), geometry((8, 12, 9)))
    with pytest.raises(SSLSegmentationError, match="the map t2 has 9 × 12 × 8 voxels") as caught:
        measure(scan, labels, maps={"t2": other})
    assert caught.value.code == "data.grid_mismatch"


def test_a_label_outside_a_given_table_is_refused() -> None:
    scan, labels = random_volumes()
    with pytest.raises(SSLSegmentationError, match="lacks: 2") as caught:
        measure(scan, labels, tissues=TissueTable.from_names({1: "muscle"}, given=True))
    assert caught.value.code == "data.unknown_label"


def test_progress_ends_at_one_and_cancelling_stops() -> None:
    scan, labels = random_volumes()
    seen = []
    measure(scan, labels, on_progress=seen.append)
    assert seen == pytest.approx([1 / 3, 2 / 3, 1])
    with pytest.raises(SSLSegmentationError) as caught:
        measure(scan, labels, cancelled=lambda: True)
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.int32, np.float32, np.float64])
def test_percentiles_are_numpys_for_every_type(kind: type) -> None:
    rng = np.random.default_rng(3)
    for size in (1, 2, 3, 10, 101, 1000):
        values = rng.uniform(0, 200, size=size).astype(kind)
        expected = np.percentile(values.astype(np.float64), (0, 5, 50, 95, 100))
        assert percentiles(values, (0, 5, 50, 95, 100)) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_percentiles_of_whole_numbers_do_not_overflow() -> None:
    values = np.array([-30000, 30000], dtype=np.int16)
    assert percentiles(values, (50,)) == (0.0,)


def test_the_spread_of_many_values_is_exact_in_pieces() -> None:
    values = np.random.default_rng(0).normal(1e4, 1, size=2_500_000).astype(np.float32)
    found = spread(values)
    assert found.mean == pytest.approx(values.mean(dtype=np.float64), rel=1e-13)
    assert found.sd == pytest.approx(values.std(dtype=np.float64), rel=1e-10)


SAGITTAL = (0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)


@pytest.mark.parametrize(
    ("shape", "spacing", "direction", "axis"),
    [
        ((9, 9, 9), (1.0, 1.0, 5.0), AXIAL, 0),
        ((9, 9, 9), (1.0, 3.0, 1.0), AXIAL, 1),
        ((9, 9, 9), (1.0, 1.0, 1.0), AXIAL, 0),
        ((9, 9, 9), (1.0, 1.0, 1.0), SAGITTAL, 1),
        ((9, 9, 9), (1.02, 1.0, 1.0), AXIAL, 0),
        ((9, 9, 1), (1.0, 1.0, 5.0), AXIAL, 2),
    ],
)
def test_slices_lie_across_the_axis_that_stands_out(shape: tuple, spacing: tuple, direction: tuple, axis: int) -> None:
    assert slice_axis_of(Geometry(shape, spacing, (0.0, 0.0, 0.0), direction)) == axis


def test_a_new_biomarker_is_one_line_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def brightest(region: Region) -> Dict[str, float]:
        return {"brightest": float(region.values.max())}

    toy = Biomarker((Measure("brightest", "image", "Brightest", "Highest value."),), brightest)
    monkeypatch.setitem(biomarkers.BIOMARKERS, "brightest", toy)
    scan, labels = random_volumes()
    rows = by_tissue(measure(scan, labels))
    assert biomarker_columns()[-1].name == "brightest"
    assert rows["muscle"].values["brightest"] == scan.array[labels.array == 1].max()
    assert rows["bone"].values["brightest"] is None


def test_the_columns_are_those_that_the_contract_promises() -> None:
    assert [measure.name for measure in biomarker_columns()] == list(BIOMARKER_MEASURES)
