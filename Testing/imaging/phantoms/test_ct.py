"""The CT phantoms: their truth holds, `measure` agrees with it, and patients differ."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.biomarkers import measure, measure_slices
from SSLSegmentationLib.imaging.phantoms import PHANTOMS, Phantom, make_phantom
from SSLSegmentationLib.imaging.phantoms.ct_body import _noise

TISSUES = ["muscle", "intramuscular_fat", "subcutaneous_fat", "visceral_fat", "bone", "kidney_right", "kidney_left", "skin"]


@pytest.fixture(scope="module")
def body() -> Phantom:
    return make_phantom("ct_body", seed=1)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_patient(body: Phantom) -> None:
    again, other = make_phantom("ct_body", seed=1), make_phantom("ct_body", seed=2)
    assert np.array_equal(again.scans["ct"].array, body.scans["ct"].array)
    assert again.truth == body.truth
    different = np.mean(other.label_map.array != body.label_map.array)
    assert different > 0.03


def test_every_tissue_is_there_and_named(body: Phantom) -> None:
    assert [tissue.name for tissue in body.tissues] == TISSUES
    assert set(np.unique(body.label_map.array)) == set(range(9))


def test_measure_finds_exactly_the_truth(body: Phantom) -> None:
    for row in measure(body.scans["ct"], body.label_map):
        truth = body.truth["tissues"][row.tissue]
        assert row.values["voxels"] == truth["voxels"]
        assert row.values["volume_ml"] == pytest.approx(truth["volume_ml"], rel=1e-12)
        assert row.values["mean"] == pytest.approx(truth["mean_noisy"], rel=1e-12)
        assert row.values["csa_max_mm2"] == pytest.approx(max(truth["csa_mm2"]), rel=1e-12)
        held = [area for area in truth["csa_mm2"] if area > 0]
        assert row.values["csa_mean_mm2"] == pytest.approx(np.mean(held), rel=1e-12)


def test_areas_by_slice_are_the_truth(body: Phantom) -> None:
    found = measure_slices(body.label_map)
    for name, areas in found.areas_mm2.items():
        assert areas == pytest.approx(body.truth["tissues"][name]["csa_mm2"])


def test_noise_moves_no_mean(body: Phantom) -> None:
    for name, truth in body.truth["tissues"].items():
        # Grain makes neighbours alike, so the mean of n voxels is less sure than n independent ones: a factor of 4.
        margin = 4 * 4 * body.truth["noise_sd"] / np.sqrt(truth["voxels"])
        assert truth["mean_noisy"] == pytest.approx(truth["mean_noise_free"], abs=margin), name


@pytest.mark.parametrize("seed", range(3))
def test_kidneys_have_their_analytic_volume_and_differ(seed: int) -> None:
    phantom = make_phantom("ct_body", seed=seed, shape=(64, 128, 128), spacing=(2.8, 2.8, 2.5))
    truth = phantom.truth["tissues"]
    for name in ("kidney_right", "kidney_left"):
        assert truth[name]["volume_ml"] == pytest.approx(truth[name]["analytic_volume_ml"], rel=0.01)
        assert (
            "touches_border"
            not in next(row for row in measure(phantom.scans["ct"], phantom.label_map) if row.tissue == name).states
        )
    columns = {name: np.argwhere(phantom.label_map.array == label)[:, 2].mean() for name, label in (("right", 6), ("left", 7))}
    heights = {name: np.argwhere(phantom.label_map.array == label)[:, 0].mean() for name, label in (("right", 6), ("left", 7))}
    # The patient's left is at high columns, and the left kidney lies higher.
    assert columns["right"] + 30 < columns["left"]
    assert heights["right"] + 2 < heights["left"]
    assert abs(truth["kidney_right"]["volume_ml"] - truth["kidney_left"]["volume_ml"]) > 1


@pytest.mark.parametrize("seed", range(8))
def test_tissues_look_as_on_ct(seed: int) -> None:
    truth = make_phantom("ct_l3", seed=seed, shape=(1, 256, 256)).truth["tissues"]
    means = {name: facts["mean_noise_free"] for name, facts in truth.items()}
    assert 30 < means["muscle"] < 65
    assert -115 < means["subcutaneous_fat"] < -90
    assert -110 < means["visceral_fat"] < -75
    assert -105 < means["intramuscular_fat"] < -40
    assert 150 < means["bone"] < 700
    share = truth["intramuscular_fat"]["voxels"] / (truth["muscle"]["voxels"] + truth["intramuscular_fat"]["voxels"])
    assert 0.01 < share < 0.25
    assert 5000 < truth["muscle"]["csa_mm2"][0] < 25000


def test_the_anatomy_does_not_depend_on_the_grid() -> None:
    coarse = make_phantom("ct_body", seed=4, shape=(24, 96, 96)).truth["tissues"]
    fine = make_phantom("ct_body", seed=4, shape=(24, 192, 192)).truth["tissues"]
    for name in ("muscle", "subcutaneous_fat", "visceral_fat", "kidney_left"):
        assert coarse[name]["volume_ml"] == pytest.approx(fine[name]["volume_ml"], rel=0.08)


def test_l3_is_a_cut_through_the_same_patients() -> None:
    one = make_phantom("ct_l3", seed=5)
    assert one.label_map.array.shape == (1, 128, 128)
    assert "analytic_volume_ml" not in one.truth["tissues"]["kidney_left"]
    few = make_phantom("ct_l3", seed=5, shape=(3, 128, 128))
    assert np.array_equal(few.label_map.array[1], one.label_map.array[0])


def test_noise_has_the_standard_deviation_it_says() -> None:
    noise = _noise(np.random.default_rng(0), shape=(400, 400), sigma=12.0)
    assert noise.std() == pytest.approx(12.0, rel=0.02)


def test_progress_is_told() -> None:
    seen = []
    make_phantom("ct_body", seed=0, shape=(4, 32, 32), on_progress=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SSLSegmentationError, match="ct_body, ct_l3, knee_mri") as caught:
        make_phantom("ct_head", seed=0)
    assert caught.value.exit_code == 2
    assert sorted(PHANTOMS) == ["ct_body", "ct_l3", "knee_mri"]
