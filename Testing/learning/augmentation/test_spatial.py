from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import ndimage

from SSLSegmentationLib.learning.augmentation import AugmentationDraw, apply_augmentation
from SSLSegmentationLib.learning.augmentation.spatial import LINEAR_TISSUES, sampling_grid
from Testing.learning.augmentation.batches import SHAPES, draw, only, some_batch

WARPS = only("rotation", "scaling", "elastic")


def with_matrices(matrix: np.ndarray, shape: tuple[int, ...], **changes: object) -> AugmentationDraw:
    return dataclasses.replace(draw(only(), shape, batch=1, channels=1), matrices=matrix[None], **changes)


def places(drawn: AugmentationDraw) -> np.ndarray:
    """(N, d, *S) input voxel of each output voxel, in array order."""
    grid = sampling_grid(drawn, device=torch.device("cpu")).numpy()[..., ::-1]
    return np.moveaxis(((grid + 1) * np.array(drawn.shape) - 1) / 2, -1, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_images_are_sampled_as_scipy_samples_them(shape: tuple[int, ...]) -> None:
    images, _, _ = some_batch(shape)
    drawn = draw(WARPS, shape)
    result = apply_augmentation(images, None, None, drawn)[0]
    for n, place in enumerate(places(drawn)):
        for channel in range(2):
            # Beyond the outermost voxel's centre the image fades to 0 within a voxel: what grid-constant does.
            expected = ndimage.map_coordinates(images[n, channel].numpy(), place, order=1, mode="grid-constant")
            np.testing.assert_allclose(result[n, channel].numpy(), expected, atol=2e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_matrix_maps_output_to_input_voxels_about_the_centre(shape: tuple[int, ...]) -> None:
    drawn = draw(only("rotation", "scaling"), shape)
    centre = (np.array(shape) - 1) / 2
    corner = places(drawn)[(slice(None), slice(None), *[0] * len(shape))]
    np.testing.assert_allclose(corner, centre - drawn.matrices @ centre, atol=1e-4)


def test_a_quarter_turn_moves_a_marker_to_its_known_place() -> None:
    image, labels = torch.zeros(1, 1, 11, 11), torch.zeros(1, 11, 11, dtype=torch.uint8)
    image[0, 0, 2, 5] = 7.0
    labels[0, 2, 5] = 2
    # The output's voxel (r, c) takes what lies at (c, −r) from the centre.
    drawn = with_matrices(np.array([[0.0, 1.0], [-1.0, 0.0]]), (11, 11))
    turned, turned_labels, _ = apply_augmentation(image, labels, None, drawn)
    assert turned[0, 0, 5, 2].item() == pytest.approx(7.0, abs=1e-4)
    assert turned_labels.nonzero().tolist() == [[0, 5, 2]]
    assert turned_labels.max() == 2


@pytest.mark.parametrize("shape", [(48, 40), (32, 36, 32)])
def test_labels_move_with_the_image(shape: tuple[int, ...]) -> None:
    """A marker that is bright in the image is where its label is, after any warp and flip."""
    axes = torch.meshgrid(*[torch.arange(float(size)) for size in shape], indexing="ij")
    marker = sum((axis - size * share) ** 2 for axis, size, share in zip(axes, shape, (0.35, 0.6, 0.55))) < 36
    images = marker.float().expand(6, 1, *shape).clone()
    labels = marker.to(torch.uint8).expand(6, *shape).clone()
    config = dataclasses.replace(WARPS, flip_probability=0.5)
    moved, moved_labels, _ = apply_augmentation(images, labels, None, draw(config, shape, batch=6, channels=1))
    assert torch.equal(moved[:, 0] > 0.5, moved_labels == 1)
    for n in range(6):
        assert moved_labels[n].sum() > 20
        assert not torch.equal(moved_labels[n], labels[n])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_flip_is_exact_and_flips_labels_and_valid_voxels_too(shape: tuple[int, ...]) -> None:
    images, labels, valid = some_batch(shape)
    drawn = draw(only("flip", probability=0.5), shape)
    assert 0 < drawn.flips.sum() < drawn.flips.size
    results = apply_augmentation(images, labels, valid, drawn)
    for n in range(len(images)):
        axes = np.flatnonzero(drawn.flips[n])
        assert torch.equal(results[0][n], images[n].flip((axes + 1).tolist()))
        assert torch.equal(results[1][n], labels[n].flip(axes.tolist()))
        assert torch.equal(results[2][n], valid[n].flip((axes + 1).tolist()))


def test_what_comes_from_outside_is_the_mean_background_and_not_valid() -> None:
    images, labels = torch.full((1, 1, 20, 20), 3.0), torch.ones(1, 20, 20, dtype=torch.uint8)
    valid = torch.ones(1, 1, 20, 20, dtype=torch.bool)
    drawn = with_matrices(np.eye(2) * 2, (20, 20))  # the image shrinks to half its size
    moved, moved_labels, moved_valid = apply_augmentation(images, labels, valid, drawn)
    assert (moved[0, 0, 5:15, 5:15] == 3).all()
    assert moved[0, 0].sum() == pytest.approx(300, abs=1e-3)
    assert moved_labels.sum() == 100
    assert moved_valid.sum() == 100


def test_padding_stays_padding_under_a_warp() -> None:
    images, labels, valid = some_batch((24, 24))
    drawn = draw(only("rotation", rotation_degrees=(90.0, 90.0)), (24, 24))
    moved = apply_augmentation(images, labels, valid, drawn)[2]
    assert torch.equal(moved.sum((1, 2, 3)), valid.sum((1, 2, 3)))
    assert not moved[:, 0, :, -2:].any() or not moved[:, 0, :, :2].any()


def test_label_edges_lie_where_the_shape_itself_would_lie() -> None:
    """Linear shares follow the true edge of a turned disc better than the nearest voxel does."""
    shape = (56, 40)

    def disc(place: np.ndarray) -> np.ndarray:
        inside = ((place[:, 0] - 27.5) / 12) ** 2 + ((place[:, 1] - 19.5) / 9) ** 2 < 1
        return np.where(inside, np.where(place[:, 0] > 29, 2, 1), 0)

    drawn = draw(only("rotation", "scaling"), shape, batch=40, channels=1)
    grid = np.stack(np.meshgrid(*[np.arange(size) for size in shape], indexing="ij"))[None]
    labels = torch.as_tensor(np.repeat(disc(grid), 40, axis=0)).to(torch.uint8)
    truth = disc(places(drawn))
    images = torch.zeros(40, 1, *shape)
    errors = []
    for tissues in (2, LINEAR_TISSUES + 1):  # linear, nearest
        moved = apply_augmentation(images, labels, None, drawn, tissues=tissues)[1]
        errors.append(float((moved.numpy() != truth).mean()))
    assert errors[0] < 0.9 * errors[1] < 0.02


def test_many_tissues_keep_their_values() -> None:
    labels = torch.arange(225, dtype=torch.uint8).reshape(1, 15, 15)
    drawn = with_matrices(np.array([[0.0, 1.0], [-1.0, 0.0]]), (15, 15))
    moved = apply_augmentation(torch.zeros(1, 1, 15, 15), labels, None, drawn)[1]
    assert torch.equal(moved[0], labels[0].rot90(1, (0, 1))) or torch.equal(moved[0], labels[0].rot90(-1, (0, 1)))
