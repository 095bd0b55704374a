"""Neurons: which hidden units are dead or saturated, what they say, and what is lost without them."""

import numpy as np
import pytest

from cutaway import Dataset, Network
from cutaway.measure.mistakes import confusion
from cutaway.measure.neurons import ablation, conditions, means_by_class

X = np.random.default_rng(0).standard_normal((500, 3))
DATA = Dataset(X, np.arange(500) % 2)


def network(activation, biases, weights=1.0):
    """Hidden units that see the same sum, each with a bias of its own."""
    net = Network((3, len(biases), 2), activation=activation)
    net.set_weights(0, np.vstack([biases, np.full((3, len(biases)), weights)]))
    return net


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", ["dead", "", ""]),  # 0, a part, all linear
        ("sigmoid", ["dead", "", "dead"]),
        ("tanh", ["dead", "", "dead"]),
        ("identity", ["", "", ""]),
    ],
)
def test_a_unit_that_says_the_same_of_all_is_dead(activation, expected):
    assert conditions(network(activation, [-30, 0, 30]), DATA) == [expected]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_unit_at_the_ends_of_its_range_is_saturated(activation):
    assert conditions(network(activation, [0, 0], [[300, 1]]), DATA) == [["saturated", ""]]


def test_every_hidden_layer_is_told_and_the_output_is_none():
    assert conditions(Network((3, 4, 5, 2)), DATA) == [[""] * 4, [""] * 5]
    assert conditions(Network((3, 2)), DATA) == []


def test_means_are_by_class_and_none_of_a_class_without_samples():
    outputs = np.array([[1, 10], [3, 20], [5, 60]], np.float32)
    np.testing.assert_array_equal(
        means_by_class(outputs, np.array([0, 0, 2]), 3), [[2, 15], [np.nan, np.nan], [5, 60]]
    )


@pytest.mark.parametrize("sizes", [(3, 7, 4), (3, 7, 5, 4)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation": "relu", "output": "softmax", "loss": "cross_entropy"},
        {"activation": "tanh", "output": "relu"},  # of which several classes may be 0
    ],
)
def test_ablation_is_what_evaluate_says_with_outgoing_weights_of_zero(sizes, options, backend):
    net = Network(sizes, **options, backend=backend)
    data = Dataset(X, np.arange(500) % 4)
    counts = ablation(net, data, [6, 0, 3])
    assert counts.shape == (3, 4)
    for unit, count in zip([6, 0, 3], counts, strict=True):
        without = Network(sizes, **options, backend=backend)
        weights = without.get_weights(1)
        weights[1 + unit] = 0
        without.set_weights(1, weights)
        np.testing.assert_array_equal(count, confusion(without, data).diagonal())
        assert count.sum() == round(500 * without.evaluate(data)[1])


def test_ablation_of_known_weights():
    net = network("relu", [0, 0])
    net.set_weights(0, [[0, 0], [1, 0], [0, 1], [0, 0]])
    net.set_weights(1, [[0, 0.5], [9, 0], [0, 9]])
    data = Dataset([[1.0, 0, 0], [2, 0, 0], [0, 1, 0]], [0, 0, 1])
    assert ablation(net, data, [0, 1]).tolist() == [[0, 1], [2, 1]]
