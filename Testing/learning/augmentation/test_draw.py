from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from SSLSegmentationLib.contract.config.sections import AugmentConfig
from SSLSegmentationLib.learning.augmentation import AugmentationDraw, draw_augmentation
from Testing.learning.augmentation.batches import PROBABILITIES, SHAPES, draw, only

MANY = 4000


def arrays(drawn: AugmentationDraw) -> dict[str, np.ndarray]:
    values = {field.name: getattr(drawn, field.name) for field in dataclasses.fields(drawn)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_generator_draws_the_same(shape: tuple[int, ...]) -> None:
    first, again, other = (draw(AugmentConfig(), shape, seed=seed) for seed in (3, 3, 4))
    for name, values in arrays(first).items():
        np.testing.assert_array_equal(values, arrays(again)[name])
    assert not np.array_equal(first.noise_seed, other.noise_seed)


def test_the_amount_of_random_numbers_does_not_depend_on_the_probabilities() -> None:
    after = []
    for config in (AugmentConfig(), only(), AugmentConfig(enabled=False)):
        rng = np.random.default_rng(1)
        draw_augmentation(config, shape=(20, 30), batch=4, channels=3, rng=rng)
        after.append(rng.random())
    assert after[0] == after[1] == after[2]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("config", [only(), AugmentConfig(enabled=False)], ids=["probabilities of zero", "not enabled"])
def test_nothing_drawn_has_the_values_of_the_identity(config: AugmentConfig, shape: tuple[int, ...]) -> None:
    drawn = draw(config, shape)
    assert not drawn.flips.any()
    assert not drawn.warped.any()
    assert not drawn.noise_sd.any()
    assert not drawn.blur_sigma.any()
    for values in (drawn.brightness, drawn.contrast, drawn.gamma, drawn.low_resolution):
        assert (values == 1).all()


def test_each_change_is_drawn_as_often_as_its_probability_says() -> None:
    drawn = draw(
        only(*[name.removesuffix("_probability") for name in PROBABILITIES], probability=0.3), (9, 9), batch=MANY, channels=1
    )
    shares = {
        "flip": drawn.flips.mean(),
        "noise": (drawn.noise_sd > 0).mean(),
        "blur": (drawn.blur_sigma > 0).mean(),
        "brightness": (drawn.brightness != 1).mean(),
        "contrast": (drawn.contrast != 1).mean(),
        "low_resolution": (drawn.low_resolution != 1).mean(),
        "gamma": (drawn.gamma != 1).mean(),
        "elastic": drawn.deformed.mean(),
    }
    assert shares == {name: pytest.approx(0.3, abs=0.03) for name in shares}
    assert drawn.turned.mean() == pytest.approx(1 - 0.7**2, abs=0.03)
    assert drawn.gamma_inverted.mean() == pytest.approx(0.25, abs=0.03)


def test_strengths_lie_in_their_ranges_and_differ_between_channels() -> None:
    config = only("noise", "blur", "brightness", "contrast", "gamma", "low_resolution")
    drawn = draw(config, (9, 9), batch=MANY)
    ranges = {
        name: getattr(config, name) for name in ("noise_sd", "blur_sigma", "brightness", "contrast", "gamma", "low_resolution")
    }
    for name, (low, high) in ranges.items():
        values = getattr(drawn, name)
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high
        assert (values[:, 0] != values[:, 1]).any()


def test_factors_about_one_are_drawn_from_both_sides_alike() -> None:
    drawn = draw(only("gamma", gamma=(0.5, 3.0)), (9, 9), batch=MANY)
    assert (drawn.gamma > 1).mean() == pytest.approx(0.5, abs=0.02)
    drawn = draw(only("gamma", gamma=(1.5, 3.0)), (9, 9), batch=MANY)
    assert drawn.gamma.min() >= 1.5


@pytest.mark.parametrize("shape", SHAPES)
def test_rotations_are_rigid_and_scalings_divide(shape: tuple[int, ...]) -> None:
    rotations = draw(only("rotation"), shape).matrices
    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1), np.broadcast_to(np.eye(len(shape)), rotations.shape), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    assert not np.allclose(rotations, np.eye(len(shape)))
    scalings = draw(only("scaling", scaling=(2.0, 2.0)), shape).matrices
    np.testing.assert_allclose(scalings, np.broadcast_to(np.eye(len(shape)) / 2, scalings.shape))


def test_a_3d_rotation_turns_about_all_three_axes() -> None:
    matrices = draw(only("rotation"), (8, 8, 8)).matrices
    off_diagonal = matrices[:, ~np.eye(3, dtype=bool)]
    assert (np.abs(off_diagonal) > 1e-6).all()


def test_a_rotation_of_voxels_that_are_not_cubic_is_rigid_in_millimetres() -> None:
    spacing = np.array([[3.0, 0.5, 1.0], [1.0, 1.0, 1.0], [0.2, 4.0, 4.0]])
    drawn = draw_augmentation(
        only("rotation"), shape=(8, 16, 16), batch=3, channels=1, rng=np.random.default_rng(0), spacing=spacing
    )
    in_mm = spacing[:, :, None] * drawn.matrices / spacing[:, None, :]
    np.testing.assert_allclose(in_mm @ in_mm.transpose(0, 2, 1), np.broadcast_to(np.eye(3), in_mm.shape), atol=1e-12)


def test_cubic_voxels_of_any_size_change_no_rotation() -> None:
    settings = {"shape": (8, 16, 16), "batch": 3, "channels": 1}
    plain, cubic = (
        draw_augmentation(only("rotation"), rng=np.random.default_rng(0), spacing=spacing, **settings).matrices
        for spacing in (None, np.full((3, 3), 0.7))
    )
    np.testing.assert_array_equal(plain, cubic)


def test_a_part_of_a_draw_holds_the_images_that_were_asked_for() -> None:
    whole = draw(AugmentConfig(), (12, 9))
    part = whole.take([3, 1])
    assert (len(whole), len(part)) == (5, 2)
    for name, values in arrays(whole).items():
        np.testing.assert_array_equal(arrays(part)[name], values[[3, 1]])
