"""Sample: names for all classes, a shape for all inputs; pixels are ink, numbers have signed colours."""

import numpy as np

from cutaway import Network
from cutaway.ask.sample import drawn, names_of, shape_of
from cutaway.look.inputs import ink, signed
from cutaway.measure.evidence import inputs


def test_classes_without_a_name_have_their_number():
    network = Network((4, 4), backend="cpu")
    assert names_of(network) == ("0", "1", "2", "3")
    network.class_names = ("cat", "dog")
    assert names_of(network) == ("cat", "dog", "2", "3")


def test_inputs_have_the_shape_of_the_images_or_a_square_or_are_a_strip(learn, stripes, numbers):
    assert shape_of(learn(stripes, steps=1)) == (8, 8)
    assert shape_of(learn(numbers, steps=1)) == (1, 6)
    assert shape_of(Network((784, 10), backend="cpu")) == (28, 28)


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
