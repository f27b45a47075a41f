"""The training shape, and cropping or padding to it."""

from __future__ import annotations

import numpy as np

from SSLSegmentationLib.contract.config import parse
from SSLSegmentationLib.imaging.preprocess import fit_to_shape, training_shape


def config(dims, shape="auto"):
    return parse({"data": {"images": "scans"}, "network": {"dims": dims}, "preprocess": {"training_shape": shape}})


def test_auto_is_the_median_size_rounded_up_to_a_multiple_of_8():
    shapes = [(30, 35, 50), (33, 40, 51), (90, 37, 49)]
    assert training_shape(config(2), shapes) == (40, 56)
    assert training_shape(config(3), shapes) == (40, 40, 56)


def test_auto_is_bounded_for_large_scans():
    assert training_shape(config(2), [(100, 700, 500)]) == (512, 504)
    shape = training_shape(config(3), [(300, 512, 512)])
    assert np.prod(shape) <= 128**3
    assert max(shape) - min(shape) <= 8


def test_a_given_shape_is_taken_as_it_is():
    assert training_shape(config(2, [100, 60]), [(8, 8, 8)]) == (100, 60)


def test_cropping_and_padding_keep_the_centre_at_the_centre():
    array = np.arange(1, 6 * 9 + 1).reshape(1, 6, 9)
    fitted, valid = fit_to_shape(array, (10, 5))
    assert fitted.shape == (1, 10, 5)
    assert np.array_equal(fitted[0, 2:8], array[0, :, 2:7])
    assert valid[2:8].all()
    assert valid.sum() == 30
    assert not fitted[0][~valid].any()


def test_an_offset_says_where_the_result_starts():
    array = np.arange(1, 26).reshape(5, 5)
    fitted, valid = fit_to_shape(array, (3, 3), (1, -1))
    assert np.array_equal(fitted, [[0, 6, 7], [0, 11, 12], [0, 16, 17]])
    assert np.array_equal(valid[0], [False, True, True])


def test_an_equal_shape_gives_the_array_back_with_its_type():
    array = np.random.default_rng(0).integers(0, 9, (2, 4, 5, 6)).astype(np.uint8)
    fitted, valid = fit_to_shape(array, (4, 5, 6))
    assert fitted.dtype == np.uint8
    assert np.array_equal(fitted, array)
    assert valid.all()


def test_an_offset_beyond_the_array_gives_padding_only():
    fitted, valid = fit_to_shape(np.ones((4, 4)), (2, 2), (9, 0))
    assert not fitted.any()
    assert not valid.any()
