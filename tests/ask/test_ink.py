"""Samples as ink: pictures by the range of all pixels, rows by that of each feature."""

import numpy as np

import cutaway
from cutaway.ask.ink import drawn, ink_of
from cutaway.look.inputs import ink, signed
from cutaway.measure.evidence import inputs


def test_the_brightest_pixel_of_pictures_on_dark_paper_is_ink():
    images = np.array([[[0, 0], [0, 200]], [[0, 0], [100, 0]]], np.uint8)
    data = cutaway.Dataset(images, [0, 1])
    np.testing.assert_array_equal(ink_of(data, data.images), images / 200)


def test_the_darkest_pixel_of_pictures_on_bright_paper_is_ink():
    images = np.array([[[250, 250], [250, 50]], [[250, 250], [250, 250]]], np.uint8)
    data = cutaway.Dataset(images, [0, 1])
    np.testing.assert_array_equal(ink_of(data, data.images)[0], [[0, 0], [0, 1]])


def test_rows_are_of_height_1_and_each_feature_has_its_own_range():
    data = cutaway.Dataset(np.array([[0, -10, 7], [4, 10, 7]], np.float32), [0, 1])
    given = np.array([[1, 20, 7]], np.float32)  # what is beyond the range is at its end
    np.testing.assert_allclose(ink_of(data, given), [[[0.25, 1, 0]]])


def test_pixels_are_ink_and_numbers_have_signed_colours(learn, stripes, numbers):
    network = learn(stripes, steps=1)
    (x,) = inputs("test", network, stripes.subset([5]))
    expected = ink(stripes.images[5] / 255, (8, 8), 40, theme="dark")
    np.testing.assert_allclose(
        np.asarray(drawn(network, x, 40, "dark"), int), np.asarray(expected, int), atol=1
    )
    network = learn(numbers, steps=1)
    (x,) = inputs("test", network, numbers.subset([5]))
    np.testing.assert_array_equal(
        drawn(network, x, 40, "light"), signed(numbers.images[5], (1, 6), 40)
    )
