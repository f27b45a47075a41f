"""The knee phantom: its echoes decay with the T2 that it states."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.imaging.biomarkers import measure
from SSLSegmentationLib.imaging.phantoms import Phantom, make_phantom


@pytest.fixture(scope="module")
def knee() -> Phantom:
    return make_phantom("knee_mri", seed=3)


def fitted_t2(phantom: Phantom, *, echoes: int = 6) -> np.ndarray:
    """Log-linear fit through the first echoes, weighted by the squared signal."""
    names = list(phantom.truth["echo_times_ms"])[:echoes]
    times = np.array([phantom.truth["echo_times_ms"][name] for name in names])
    signal = np.stack([phantom.scans[name].array.astype(float) for name in names])
    weights = np.where(signal > 0, signal, 0) ** 2 + 1e-12
    logs = np.log(np.maximum(signal, 1e-6))
    total = weights.sum(0)
    mean_time = (weights * times[:, None, None, None]).sum(0) / total
    mean_log = (weights * logs).sum(0) / total
    away = times[:, None, None, None] - mean_time
    slope = (weights * away * (logs - mean_log)).sum(0) / (weights * away**2).sum(0)
    with np.errstate(divide="ignore"):
        return np.asarray(-1 / slope)


def test_echoes_without_noise_decay_exactly_with_the_t2_map() -> None:
    clean = make_phantom("knee_mri", seed=3, shape=(12, 96, 96), noise=0.0)
    t2 = clean.scans["t2"].array
    wet = np.isfinite(t2)
    assert 0.4 < wet.mean() < 0.95
    assert fitted_t2(clean)[wet] == pytest.approx(t2[wet], rel=1e-4)


def test_echoes_with_noise_give_the_t2_of_each_cartilage_back(knee: Phantom) -> None:
    for tissue in knee.tissues:
        # The late echoes of the meniscus are nothing but noise, whose magnitude does not decay.
        echoes, tolerance = (3, 0.05) if tissue.name == "meniscus" else (6, 0.03)
        median = np.median(fitted_t2(knee, echoes=echoes)[knee.label_map.array == tissue.value])
        assert median == pytest.approx(knee.truth["tissues"][tissue.name]["t2_median_ms"], rel=tolerance), tissue.name


def test_measure_of_the_t2_map_is_the_truth(knee: Phantom) -> None:
    rows = measure(knee.scans["echo_1"], knee.label_map, maps={"t2": knee.scans["t2"]})
    assert [row.tissue for row in rows] == ["femoral_cartilage", "tibial_cartilage", "patellar_cartilage", "meniscus"]
    for row in rows:
        truth = knee.truth["tissues"][row.tissue]
        assert row.values["t2_mean"] == pytest.approx(truth["t2_mean_ms"], rel=1e-9)
        assert row.values["t2_sd"] == pytest.approx(truth["t2_sd_ms"], rel=1e-9)
        assert row.values["t2_median"] == pytest.approx(truth["t2_median_ms"], rel=1e-9)
        assert row.values["t2_missing_voxels"] == 0
        assert row.values["voxels"] == truth["voxels"]


@pytest.mark.parametrize("seed", range(5))
def test_every_knee_has_all_tissues_of_plausible_size_and_t2(seed: int) -> None:
    truth = make_phantom("knee_mri", seed=seed).truth["tissues"]
    assert 8 < truth["femoral_cartilage"]["volume_ml"] < 40
    assert 2 < truth["tibial_cartilage"]["volume_ml"] < 12
    assert 1.5 < truth["patellar_cartilage"]["volume_ml"] < 10
    assert 1.5 < truth["meniscus"]["volume_ml"] < 10
    assert 28 < truth["femoral_cartilage"]["t2_mean_ms"] < 55
    assert truth["meniscus"]["t2_mean_ms"] < 18


def test_slices_are_sagittal_and_right_handed(knee: Phantom) -> None:
    direction = np.array(knee.label_map.geometry.direction).reshape(3, 3)
    assert np.linalg.det(direction) == pytest.approx(1)
    assert abs(direction[0, 2]) == 1


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (make_phantom("knee_mri", seed=8, shape=(4, 48, 48)) for _ in range(2))
    assert all(np.array_equal(first.scans[name].array, second.scans[name].array, equal_nan=True) for name in first.scans)


def test_a_grid_that_misses_a_tissue_says_so_in_the_truth() -> None:
    edge = make_phantom("knee_mri", seed=0, shape=(1, 32, 32), spacing=(1.0, 1.0, 3.0))
    absent = [name for name, facts in edge.truth["tissues"].items() if facts["voxels"] == 0]
    assert absent
    assert all(edge.truth["tissues"][name]["mean_noisy"] is None for name in absent)
    assert all("t2_mean_ms" not in edge.truth["tissues"][name] for name in absent)
