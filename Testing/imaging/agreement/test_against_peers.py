"""Dice and surface distances against MONAI and SimpleITK on random and awkward cases."""

from __future__ import annotations

import numpy as np
import pytest

from SSLSegmentationLib.imaging.agreement import assd, dice, hausdorff95
from SSLSegmentationLib.imaging.agreement.distances import surface_distances
from Testing.imaging.agreement.peers import (
    HOLLOW,
    MaskPair,
    mask_pairs,
    monai_metrics,
    monai_surface_metrics,
    simpleitk_metrics,
)

PAIRS = list(mask_pairs(seed=11, rounds=2))


def own_metrics(pair: MaskPair) -> dict:
    found = surface_distances(
        pair.prediction, pair.reference, spacing=pair.spacing, flat=[length == 1 for length in pair.prediction.shape]
    )
    assert found is not None
    return {
        "dice": dice(pair.prediction, pair.reference),
        "hausdorff95_mm": hausdorff95(pair.prediction, pair.reference, spacing=pair.spacing),
        "hausdorff_mm": found.hausdorff(),
        "assd_mm": assd(pair.prediction, pair.reference, spacing=pair.spacing),
    }


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.family)
def test_distances_equal_those_from_monais_surfaces(pair: MaskPair) -> None:
    pytest.importorskip("monai")
    own = own_metrics(pair)
    for metric, value in monai_surface_metrics(pair).items():
        assert own[metric] == pytest.approx(value, abs=1e-9), metric


def test_metrics_equal_monais_to_the_precision_of_float32() -> None:
    pytest.importorskip("monai")
    for pair in PAIRS:
        own = own_metrics(pair)
        for metric, value in monai_metrics(pair).items():
            # Its percentile in float32 is off by up to some 1e-6 of the largest distance.
            tolerance = 1e-6 + 5e-6 * own["hausdorff_mm"] if metric == "hausdorff95_mm" else 1e-6 * max(1, own[metric])
            assert own[metric] == pytest.approx(value, abs=tolerance), (pair.family, metric)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.family)
def test_dice_and_hausdorff_equal_those_of_simpleitk(pair: MaskPair) -> None:
    own, peer = own_metrics(pair), simpleitk_metrics(pair)
    assert own["dice"] == pytest.approx(peer["dice"], abs=1e-12)
    if pair.family == HOLLOW:
        assert own["hausdorff_mm"] < peer["hausdorff_mm"]
    else:
        assert own["hausdorff_mm"] == pytest.approx(peer["hausdorff_mm"], abs=1e-9)


def test_two_empty_masks_have_nothing_to_compare() -> None:
    nothing = np.zeros((3, 4, 5), dtype=bool)
    assert dice(nothing, nothing) is None
    assert hausdorff95(nothing, nothing, spacing=(1, 1, 1)) is None


def test_one_empty_mask_is_a_dice_of_zero_without_distances() -> None:
    nothing, something = np.zeros((3, 4, 5), dtype=bool), np.ones((3, 4, 5), dtype=bool)
    assert dice(nothing, something) == dice(something, nothing) == 0
    assert assd(something, nothing, spacing=(1, 1, 1)) is None


def test_one_voxel_beside_another_is_one_spacing_away() -> None:
    first, second = np.zeros((2, 3, 4, 4), dtype=bool)
    first[1, 1, 1], second[1, 1, 2] = True, True
    assert hausdorff95(first, second, spacing=(5.0, 2.0, 0.7)) == pytest.approx(0.7)
    assert assd(first, second, spacing=(5.0, 2.0, 0.7)) == pytest.approx(0.7)
