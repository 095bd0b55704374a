"""Projection: deeper units as weights of the inputs, with the activations left out."""

import numpy as np
import pytest

from cutaway import Network
from cutaway.measure.projection import projected


def test_a_network_of_identities_without_biases_is_its_projection():
    network = Network((6, 5, 4, 3), activation="identity", output="identity", backend="numpy")
    x = np.random.default_rng(0).standard_normal((9, 6)).astype(np.float32)
    for layer, outputs in enumerate(network.activations(x)):
        weights = projected(network, layer)
        assert weights.shape == (6, outputs.shape[1])
        np.testing.assert_allclose(x @ weights, outputs, rtol=1e-4, atol=1e-6)


def test_biases_and_activations_are_left_out():
    network = Network((2, 2, 1), activation="relu", output="sigmoid", backend="numpy")
    network.set_weights(0, [[9, 9], [1, -2], [3, 4]])  # row 0 is the bias
    network.set_weights(1, [[9], [10], [100]])
    assert projected(network, 0).tolist() == [[1, -2], [3, 4]]
    assert projected(network, 1).tolist() == [[10 - 200], [30 + 400]]


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match="layer must be at most 1, got 2"):
        projected(Network((2, 2, 1), backend="numpy"), 2)
