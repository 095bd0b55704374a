"""Neurons: which hidden units are dead or saturated."""

import numpy as np
import pytest

from cutaway import Dataset, Network
from cutaway.measure.neurons import conditions

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
