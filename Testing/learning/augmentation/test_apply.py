from __future__ import annotations

import pytest
import torch

from SSLSegmentationLib.contract.config.sections import AugmentConfig
from SSLSegmentationLib.learning.augmentation import apply_augmentation
from Testing.learning.augmentation.batches import PROBABILITIES, SHAPES, draw, only, some_batch

EVERYTHING = only(*[name.removesuffix("_probability") for name in PROBABILITIES], probability=0.6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("config", [AugmentConfig(), EVERYTHING], ids=["default", "everything"])
def test_the_batch_equals_element_by_element(config: AugmentConfig, shape: tuple[int, ...]) -> None:
    images, labels, valid = some_batch(shape)
    drawn = draw(config, shape, seed=2)
    together = apply_augmentation(images, labels, valid, drawn, tissues=2)
    for n in range(len(images)):
        alone = apply_augmentation(images[n : n + 1], labels[n : n + 1], valid[n : n + 1], drawn.take([n]), tissues=2)
        torch.testing.assert_close(together[0][n], alone[0][0], atol=1e-5, rtol=1e-5)
        assert torch.equal(together[1][n], alone[1][0])
        assert torch.equal(together[2][n], alone[2][0])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_draw_of_nothing_is_the_identity_bit_for_bit(shape: tuple[int, ...]) -> None:
    images, labels, valid = some_batch(shape)
    result = apply_augmentation(images, labels, valid, draw(only(), shape))
    for before, after in zip((images, labels, valid), result, strict=True):
        assert torch.equal(before, after)
        assert before.dtype == after.dtype


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_draw_gives_the_same_result_and_leaves_its_inputs(shape: tuple[int, ...]) -> None:
    inputs = some_batch(shape)
    copies = tuple(values.clone() for values in inputs)
    drawn = draw(EVERYTHING, shape)
    first, second = apply_augmentation(*inputs, drawn), apply_augmentation(*inputs, drawn)
    for before, copy, one, two in zip(inputs, copies, first, second, strict=True):
        assert torch.equal(before, copy)
        assert torch.equal(one, two)
    assert not torch.equal(first[0], inputs[0])


def test_images_that_nothing_was_drawn_for_stay_bit_for_bit() -> None:
    shape = SHAPES[0]
    images, labels, valid = some_batch(shape, batch=40)
    drawn = draw(only("rotation", "noise", "gamma", probability=0.3), shape, batch=40)
    result, new_labels, _ = apply_augmentation(images, labels, valid, drawn)
    untouched = ~(drawn.warped | (drawn.noise_sd > 0).any(1) | (drawn.gamma != 1).any(1))
    assert 5 < untouched.sum() < 30
    for n in range(40):
        assert torch.equal(result[n], images[n]) == bool(untouched[n])
        assert not untouched[n] or torch.equal(new_labels[n], labels[n])


def test_labels_and_valid_voxels_may_be_missing() -> None:
    images, labels, valid = some_batch(SHAPES[0])
    drawn = draw(EVERYTHING, SHAPES[0])
    whole = apply_augmentation(images, labels, valid, drawn)
    without = apply_augmentation(images, None, None, drawn)
    assert torch.equal(whole[0], without[0])
    assert without[1] is None
    assert without[2] is None


def test_valid_voxels_keep_their_type() -> None:
    images, labels, valid = some_batch(SHAPES[0])
    drawn = draw(EVERYTHING, SHAPES[0])
    as_bool = apply_augmentation(images, labels, valid, drawn)[2]
    as_float = apply_augmentation(images, labels, valid.float(), drawn)[2]
    assert as_float.dtype == torch.float32
    assert torch.equal(as_bool.float(), as_float)


@pytest.mark.parametrize("tissues", [None, 2, 7])
def test_labels_do_not_depend_on_how_many_tissues_there_could_be(tissues: int | None) -> None:
    images, labels, valid = some_batch(SHAPES[1])
    drawn = draw(only("rotation", "elastic"), SHAPES[1])
    expected = apply_augmentation(images, labels, valid, drawn, tissues=3)[1]
    assert torch.equal(apply_augmentation(images, labels, valid, drawn, tissues=tissues)[1], expected)


def test_a_batch_with_background_only_stays_background() -> None:
    images, labels, valid = some_batch(SHAPES[0])
    result = apply_augmentation(images, torch.zeros_like(labels), valid, draw(EVERYTHING, SHAPES[0]))[1]
    assert not result.any()
