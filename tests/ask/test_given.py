"""Given: names for all classes and units, a shape for all inputs, sentences for what cannot be drawn."""

import warnings

import numpy as np
import pytest

import cutaway
from cutaway import SGD, DataLoader, Network, train
from cutaway.ask.given import names_of, shape_of, unit_of


def test_classes_without_a_name_have_their_number():
    network = Network((4, 4), backend="cpu")
    assert names_of(network) == ("0", "1", "2", "3")
    network.class_names = ("cat", "dog")
    assert names_of(network) == ("cat", "dog", "2", "3")


def test_inputs_have_the_shape_of_the_images_or_a_square_or_are_a_strip(learn, stripes, numbers):
    assert shape_of(learn(stripes, steps=1)) == (8, 8)
    assert shape_of(learn(numbers, steps=1)) == (1, 6)
    assert shape_of(Network((784, 10), backend="cpu")) == (28, 28)


def test_names_are_of_one_line():
    network = Network((4, 2), backend="cpu")
    network.class_names = ("a\nb", " c ")
    assert names_of(network) == ("a b", "c")


def test_a_unit_is_called_by_its_layer_too_where_there_are_several():
    assert unit_of(Network((4, 3, 2), backend="cpu"), 0, 1) == "neuron 1"
    assert unit_of(Network((4, 3, 3, 2), backend="cpu"), 1, 2) == "neuron 2, layer 1"


def diverged(moments):
    for layer in (*moments[-1].weights, *moments[-1].biases):
        layer[...] = np.nan
    return moments


@pytest.mark.parametrize(
    "name", "batch biography doubt first landscape mistakes poster why".split()
)
def test_a_network_that_diverged_is_one_sentence_whatever_is_asked(name, stripes):
    network = Network((64, 5, 4), backend="cpu")
    loader = DataLoader(stripes, 20, shuffle=True)
    moments = list(train(network, loader, optimizer=SGD(0.1), epochs=1, every=2))
    state = {key: np.full_like(value, np.nan) for key, value in network.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.load_state_dict(state, finite=False)
    ask = {
        "batch": lambda: cutaway.batch(network, stripes, [0, 1], optimizer=SGD(0.1)),
        "biography": lambda: [cutaway.biography(network, stripes, unit) for unit in (1, None)],
        "doubt": lambda: cutaway.doubt(network, stripes),
        "first": lambda: cutaway.first(network, diverged(moments), stripes),
        "landscape": lambda: cutaway.landscape(network, stripes, diverged(moments)),
        "mistakes": lambda: cutaway.mistakes(network, stripes),
        "poster": lambda: cutaway.poster(diverged(moments)),
        "why": lambda: cutaway.why(network, 1, data=stripes),
    }[name]
    with pytest.raises((ValueError, RuntimeError), match=rf"^{name}: .*(finite|diverged)"):
        ask()
