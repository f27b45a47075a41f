"""Prepared images: values, statistics, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.imaging.preprocess import PreprocessPlan, open_prepared
from SSLSegmentationLib.imaging.scan import Scan
from Testing.imaging.preprocess.grids import geometry
from Testing.imaging.preprocess.preparing import prepared_image, whole_image

WINDOWS = ((400.0, 50.0), (1800.0, 40.0), (500.0, 50.0))


def plan(normalisation="zscore", spacing=None, slice_axis="axial", channels=1):
    return PreprocessPlan(normalisation, WINDOWS, spacing, slice_axis, channels)


def scan(array, spacing=(1.0, 1.0, 1.0), path=None):
    return Scan(np.asarray(array), geometry(array.shape, spacing), path)


def noise(dtype=np.float32, shape=(9, 20, 30), low=-500, high=1500):
    return np.random.default_rng(1).uniform(low, high, shape).astype(dtype)


@pytest.mark.parametrize("spacing", [None, (1.7, 0.8, 1.3)])
def test_z_score_gives_zero_mean_and_unit_sd_also_after_resampling(spacing):
    prepared = open_prepared([scan(noise())], plan(spacing=spacing))
    image = whole_image(prepared)
    assert image.dtype == np.float32
    assert image.mean(dtype=float) == pytest.approx(0.0, abs=1e-6)
    assert image.std(dtype=float) == pytest.approx(1.0, abs=1e-5)
    assert prepared.warnings == ()


def test_z_score_equals_its_formula():
    array = noise()
    expected = (array.astype(float) - array.mean(dtype=float)) / array.std(dtype=float)
    assert prepared_image([scan(array)], plan())[0] == pytest.approx(expected, abs=1e-6)


def test_ct_windows_clip_and_scale_each_channel_alone():
    array = noise(np.int16)
    image = prepared_image([scan(array)], plan("ct_windows"))
    assert image.shape == (3, *array.shape)
    for channel, (width, level) in zip(image, WINDOWS):
        clipped = np.clip(array.astype(float), level - width / 2, level + width / 2)
        assert channel == pytest.approx((clipped - clipped.mean()) / clipped.std(), abs=1e-5)


@pytest.mark.parametrize("spacing", [None, (2.0, 1.5, 1.5)])
def test_ct_windows_of_resampled_scans_have_zero_mean_and_unit_sd(spacing):
    image = prepared_image([scan(noise(np.int16))], plan("ct_windows", spacing=spacing))
    assert image.mean(axis=(1, 2, 3), dtype=float) == pytest.approx(np.zeros(3), abs=1e-5)
    assert image.std(axis=(1, 2, 3), dtype=float) == pytest.approx(np.ones(3), abs=1e-5)


@pytest.mark.parametrize("spacing", [None, (1.5, 1.5, 1.5)])
@pytest.mark.parametrize(
    ("dtype", "offset", "factor"),
    [
        (np.int16, -32768, 32),
        (np.uint16, 65000, 0.25),
        (np.int32, 2_000_000_000, 1),
        (np.uint8, 0, 0.1),
        (np.float64, 1e12, 1.0),
        (np.float64, 0.0, 1e300),
        (np.float64, 0.0, 1e-300),
        (np.float32, 0.0, 1e35),
    ],
)
def test_every_numeric_type_and_size_of_values_is_scaled_alike(dtype, offset, factor, spacing):
    base = noise(np.float64, low=0, high=2000).round()
    array = (base * factor + offset).astype(dtype)
    reference = prepared_image([scan(((array.astype(float) - offset) / factor).astype(np.float64))], plan(spacing=spacing))
    assert prepared_image([scan(array)], plan(spacing=spacing)) == pytest.approx(reference, abs=2e-5)


@pytest.mark.parametrize("spacing", [None, (1.5, 1.5, 1.5)])
@pytest.mark.parametrize("value", [0, 7, -1000])
@pytest.mark.parametrize("normalisation", ["zscore", "ct_windows"])
def test_a_constant_image_becomes_zeros_with_a_warning(value, normalisation, spacing):
    constant = scan(np.full((4, 8, 8), value, dtype=np.int16), path=Path("flat.nii.gz"))
    prepared = open_prepared([constant], plan(normalisation, spacing=spacing))
    assert not whole_image(prepared).any()
    assert "flat.nii.gz" in prepared.warnings[0]


def test_a_scan_outside_one_window_only_zeroes_that_channel():
    prepared = open_prepared([scan(noise(np.int16, low=400, high=900))], plan("ct_windows"))
    image = whole_image(prepared)
    assert not image[0].any()
    assert image[1].std() == pytest.approx(1.0, abs=1e-4)
    assert len(prepared.warnings) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("normalisation", ["zscore", "ct_windows"])
def test_a_value_that_is_not_finite_is_refused_by_name(bad, normalisation):
    array = noise()
    array[3, 4, 5] = bad
    with pytest.raises(SSLSegmentationError, match="broken.nii") as error:
        open_prepared([scan(array, path=Path("broken.nii"))], plan(normalisation))
    assert error.value.code == "data.not_finite"


def test_channels_are_scaled_alone_and_keep_their_order():
    one, two = noise(), noise(low=0, high=1) ** 2
    image = prepared_image([scan(one), scan(two)], plan(channels=2))
    assert np.array_equal(image[0], prepared_image([scan(one)], plan())[0])
    assert np.array_equal(image[1], prepared_image([scan(two)], plan())[0])


def test_a_missing_channel_is_refused():
    with pytest.raises(SSLSegmentationError) as error:
        open_prepared([scan(noise())], plan(channels=2))
    assert error.value.code == "data.unpaired_channels"
    with pytest.raises(SSLSegmentationError):
        open_prepared([], plan())


def test_channels_on_two_grids_are_refused():
    with pytest.raises(SSLSegmentationError, match="second.nii") as error:
        open_prepared([scan(noise()), scan(noise(), spacing=(1.0, 1.0, 1.1), path=Path("second.nii"))], plan(channels=2))
    assert error.value.code == "data.grid_mismatch"


@pytest.mark.parametrize("spacing", [None, (1.5, 1.5, 1.5)])
def test_slabs_made_on_demand_equal_the_whole_image(spacing):
    plans = plan("ct_windows", spacing=spacing, slice_axis="coronal")
    whole = prepared_image([scan(noise(np.int16))], plans)
    source = open_prepared([scan(noise(np.int16))], plans)
    assert source.shape == whole.shape
    for start in range(0, source.shape[1], 4):
        assert np.array_equal(source.read(start, min(start + 4, source.shape[1])), whole[:, start : start + 4])


def test_an_image_that_is_not_resampled_is_not_copied_before_it_is_read():
    array = noise(np.int16)
    assert np.shares_memory(open_prepared([scan(array)], plan("ct_windows")).volumes[0], array)


def test_preparing_leaves_the_scan_as_it_was():
    array = noise()
    before = array.copy()
    prepared_image([scan(array)], plan(spacing=(1.5, 1.5, 1.5)))
    assert np.array_equal(array, before)
