"""Learning: labels of either kind, one memory of the optimizer, and what is kept of the data."""

import copy

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, Network


@pytest.mark.parametrize("y", [[0, 2], [[1, 0, 0], [0, 0, 1]], np.eye(3, dtype=np.float32)[[0, 2]]])
def test_labels_may_be_numbers_or_one_hot(network, y):
    x = np.ones((2, 12))
    assert network.backprop(x, y)[0] == network.backprop(x, [0, 2])[0]


def test_an_optimizer_goes_on_while_its_settings_are_the_same(data):
    def learn(*optimizers):
        network = Network((12, 8, 3))
        for optimizer in optimizers:
            network.learn(np.arange(50), 10, dataset=data, optimizer=optimizer)
        return network

    assert learn(Adam(), Adam()).optimizer_state()["step"] == 10
    assert learn(Adam(0.1), Adam(0.2)).optimizer_state()["step"] == 10  # another rate goes on
    assert learn(Adam(), Adam(eps=1e-7)).optimizer_state()["step"] == 5
    assert learn(Adam(), SGD(0.1, 0.9)).optimizer_state()["step"] == 5


def test_it_knows_the_names_of_the_classes_that_it_learned(data):
    network = Network((12, 3))
    assert network.class_names is None
    named = Dataset(data.images, data.labels, class_names=["a", "b", "c"])
    network.learn([0], 1, dataset=named, optimizer=SGD(0.1))
    assert network.class_names == copy.deepcopy(network).class_names == ("a", "b", "c")
