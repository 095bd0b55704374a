"""Biography: what a neuron of known weights is told of, and what is refused."""

import numpy as np
import pytest

from cutaway import Dataset, Moment, Network, Recorder, biography
from cutaway.ask.biography import _chart

# Input 0 is class "cat", input 1 class "dog"; a ReLU unit for each, the second of which says nothing.
X = np.array([[2, 0], [4, 0], [0, 3], [0, 1]], np.float32)
DATA = Dataset(X, ["cat", "cat", "dog", "dog"])


def network(sizes=(2, 2, 2), last=((3.0, -1), (0, 0)), bias=(0, 0.5)):
    net = Network(sizes, activation="relu", output="identity", backend="cpu")
    net.set_weights(0, np.vstack([np.zeros(2), np.eye(2)]))
    for layer in range(1, len(sizes) - 1):
        net.set_weights(layer, np.vstack([bias, last]))
    net.class_names = ("cat", "dog")
    return net


def moments(net, steps):
    return [
        Moment(
            epoch=1, step=step, losses=np.zeros(0), weights=net.weights, biases=net.biases,
            metrics={}, seconds=0.0,
        )
        for step in steps
    ]  # fmt: skip


def told(*arguments, **options):
    return biography(*arguments, **options).info["Description"]


def test_a_neuron_is_told_with_what_it_speaks_for_and_what_is_lost_without_it():
    assert told(network(), DATA, 0) == (
        "neuron 0 of 2-2-2: speaks for cat, against dog; without it 50.00% instead of 100.00% of 4 "
        "samples are right; answers most to cat (mean 3), least to dog (0)"
    )
    assert (
        "; without it 100.00% of 4 samples are right, as with it; answers most to dog (mean 2)"
        in (told(network(), DATA, 1))
    )


def test_what_a_deeper_network_makes_of_a_neuron_adds_up():
    deeper = network((2, 2, 2, 2), last=np.array([[0, 1], [1, 0]]))
    assert "speaks for cat, against dog" in told(deeper, DATA, 0)  # swapped twice


def test_without_a_hidden_layer_a_neuron_is_a_class():
    assert told(network((2, 2)), DATA, 1) == (
        "class dog of 2-2: answers most to dog (mean 2), least to cat (0)"
    )


def test_neurons_are_ranked_by_the_accuracy_lost_without_them():
    sentence = told(network(last=((0, 0), (-1, 3)), bias=(0.5, 0)), DATA)
    assert "without it: 1 for dog +50.00, 0 for cat +0.00; 100.00% of 4 samples" in sentence
    assert sentence.endswith("neurons that could each go without a loss: 1")


def test_a_ranking_shows_those_that_matter_most_if_there_are_too_many():
    many = Network((2, 130, 2), backend="cpu")
    assert told(many, DATA).startswith("The 120 neurons that matter most of 2-130-2")


def test_a_past_makes_the_picture_higher_if_there_is_one():
    net = network()
    alone, lived = biography(net, DATA, 0), biography(net, DATA, 0, moments=moments(net, [0, 9]))
    assert lived.height > alone.height
    assert 1200 < lived.width < 1600


@pytest.mark.parametrize("images", [np.uint8, float])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_samples_are_ink_on_paper_whichever_of_both_is_dark(images, theme):
    pixels = np.zeros((4, 5, 5), images)
    pixels[:, 2, 2] = 1
    net = Network((25, 2, 2), backend="cpu")
    normal, inverse = (
        biography(net, Dataset(values, [0, 1, 0, 1]), 0, theme=theme)
        for values in (pixels, 1 - pixels)
    )
    ink = {"light": (38, 42, 51), "dark": (232, 234, 238)}[theme]
    for image in (normal, inverse):
        most = np.asarray(image)[200:400, 470:540]  # the first sample
        amount = (most == ink).all(axis=2).mean()
        assert 0 < amount < 0.3


@pytest.mark.parametrize(
    ("arguments", "options", "error", "sentence"),
    [
        (("net", DATA, 2), {}, IndexError, "neuron must be at most 1, got 2"),
        (("net", DATA, "0"), {}, TypeError, "neuron must be an integer, got '0'"),
        (("net", X, 0), {}, TypeError, "dataset must be a cutaway.Dataset"),
        (("net", Dataset(np.ones((2, 3)), [0, 1]), 0), {}, ValueError, "takes 2 features, the"),
        (("net", DATA, 0), {"moments": [1]}, TypeError, "moments must be a list of Moments"),
        (
            ("net", DATA, 0),
            {"moments": moments(Network((2, 3, 2), backend="cpu"), [0])},
            ValueError,
            "moments must be of a network",
        ),
        (("net", DATA, 0), {"theme": "red"}, ValueError, "theme must be one of"),
    ],
)
def test_what_makes_no_biography_is_refused_in_a_sentence(arguments, options, error, sentence):
    with pytest.raises(error, match=f"^biography: .*{sentence}"):
        biography(network(), *arguments[1:], **options)


def test_classes_alone_are_not_ranked():
    sentence = "^biography: neuron must be a class's, 0 to 1, of a network without a hidden layer"
    with pytest.raises(ValueError, match=sentence):
        biography(network((2, 2)), DATA)


def test_of_many_values_the_ten_strongest_are_drawn_in_their_order_and_none_that_is_no_number():
    values = [-12.0, *range(11), np.nan]
    chart = _chart("weights", values, list("abcdefghijklm"))
    assert chart.title == "weights (10 of 12)"
    assert chart.labels == list("adefghijkl")
    assert chart.texts[:2] == ["\N{MINUS SIGN}12", "2"]
    few = _chart("weights", values[:2], ["a", "b"])
    assert (few.title, few.texts) == ("weights", ["\N{MINUS SIGN}12", "0"])


def test_a_recorder_is_a_network_with_a_past(bands, learned):
    network, _ = learned(bands)
    with Recorder(network) as recorder:
        recorder.see(network, 0.5)
    both = [
        np.asarray(biography(asked, bands, 1, moments=moments))
        for asked, moments in ((recorder, None), (network, recorder))
    ]
    np.testing.assert_array_equal(*both)
