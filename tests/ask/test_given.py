"""Given: names for all classes and units, a shape for all inputs, sentences for what cannot be drawn."""

import warnings

import numpy as np
import pytest

import cutaway
from cutaway import SGD, DataLoader, Network, train
from cutaway.ask.given import names_of, network_asked, shape_of, unit_of


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


ARRAYS = [np.eye(64, 5), np.ones(5), np.eye(5, 4), np.ones(4)]


def test_a_model_that_does_not_say_how_pixels_became_numbers_takes_them_as_the_data_are(stripes):
    model = Network.from_model(ARRAYS, activation="relu", output="softmax")
    with pytest.warns(
        UserWarning, match=r"^why: the model does not say .* \(pixel - 7\d.* --normalise"
    ):
        network = network_asked("why", model, stripes)
    assert (network.mean, network.std) == (stripes.mean, stripes.std)
    assert (network.pixels, network.shape) == (True, (8, 8))
    assert network.class_names == stripes.class_names
    assert model.mean is None is model.class_names  # it is a copy that is asked


def test_what_the_model_says_or_what_are_no_pixels_needs_no_word(stripes, numbers):
    told = Network.from_model(ARRAYS, activation="relu", output="softmax", mean=0, std=255)
    network = network_asked("why", told, stripes)
    assert (network.mean, network.std) == (0, 255)
    rows = Network.from_model([np.eye(6, 3), np.ones(3)], output="softmax")
    assert network_asked("why", rows, numbers).pixels is False
    own = Network((64, 4), backend="cpu")  # with weights of one's own, perhaps
    assert network_asked("why", own, stripes) is own


@pytest.mark.parametrize("name", "batch biography doubt first landscape mistakes why".split())
def test_a_model_of_unknown_activations_is_one_sentence_whatever_is_asked(name, stripes):
    moments = [1, 2, 3]
    ask = {
        "batch": lambda: cutaway.batch(ARRAYS, stripes, [0], optimizer=SGD(0.1)),
        "biography": lambda: cutaway.biography(ARRAYS, stripes),
        "doubt": lambda: cutaway.doubt(ARRAYS, stripes),
        "first": lambda: cutaway.first(ARRAYS, moments, stripes),
        "landscape": lambda: cutaway.landscape(ARRAYS, stripes, moments),
        "mistakes": lambda: cutaway.mistakes(ARRAYS, stripes),
        "why": lambda: cutaway.why(ARRAYS, 1, data=stripes),
    }[name]
    with pytest.raises(ValueError, match=f"^{name}: the model draws, but cannot predict: its act"):
        ask()


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
