"""Which patch sizes reach an area."""

from __future__ import annotations

import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.masks import auto_patch_size, largest_patch_size, make_pool
from SSLSegmentationLib.imaging.masks.sizes import patches_needed, pixels_needed, reaches


def test_the_number_of_patches_covers_the_area_and_is_even_for_pairs():
    assert pixels_needed((40, 50), 0.25) == 500
    assert pixels_needed((3, 3), 0.25) == 3
    assert patches_needed(shape=(35, 50), patch_size=8, area=0.25, pairs=False) == 7
    assert patches_needed(shape=(35, 50), patch_size=8, area=0.25, pairs=True) == 8


@pytest.mark.parametrize(
    ("shape", "patch_size"), [((35, 50), 8), ((24, 40), 16), ((64, 64), 32), ((512, 512), 64), ((16, 64, 64), 8)]
)
@pytest.mark.parametrize("pairs", [False, True])
def test_these_sizes_reach_a_quarter_under_poisson_disc_sampling(shape, patch_size, pairs):
    assert reaches(shape=shape, patch_size=patch_size, area=0.25, sampling="poisson_disc", pairs=pairs)


@pytest.mark.parametrize("sampling", ["random", "poisson_disc"])
@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("shape", [(40, 56), (24, 40), (64, 64), (16, 200), (12, 40, 40), (31, 31)])
def test_the_largest_size_fits_and_the_next_one_is_refused_with_its_name(shape, sampling, pairs):
    arguments = {"shape": shape, "area": 0.25, "sampling": sampling, "pairs": pairs}
    largest = largest_patch_size(**arguments)
    pool = make_pool(**arguments, patch_size=largest, count=3, seed=0)
    assert pool.corrupted.min() >= 0.25
    with pytest.raises(SSLSegmentationError, match=rf"largest patch size that fits is {largest}\b") as error:
        make_pool(**arguments, patch_size=min(shape) + 1, count=3, seed=0)
    assert error.value.code == "config.infeasible"
    for size in range(largest + 1, min(shape) + 1):
        assert not reaches(**arguments, patch_size=size)


def test_auto_is_the_largest_of_the_papers_sizes_that_fits():
    assert auto_patch_size(shape=(512, 512), area=0.25, sampling="poisson_disc", pairs=True) == 32
    assert auto_patch_size(shape=(40, 56), area=0.25, sampling="poisson_disc", pairs=True) == 16
    assert auto_patch_size(shape=(20, 20), area=0.25, sampling="random", pairs=True) == 8
    assert auto_patch_size(shape=(8, 8), area=0.25, sampling="poisson_disc", pairs=True) == 4


def test_an_area_that_no_size_reaches_is_said_so():
    with pytest.raises(SSLSegmentationError, match="No patch size does") as error:
        auto_patch_size(shape=(3, 3), area=1.0, sampling="poisson_disc", pairs=True)
    assert error.value.code == "config.infeasible"
