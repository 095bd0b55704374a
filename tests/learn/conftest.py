"""A few pictures of three classes, and a network that has learned from them."""

import numpy as np
import pytest

from cutaway import SGD, Dataset, Network


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (50, 4, 3), np.uint8), rng.integers(0, 3, 50))


@pytest.fixture
def network(data):
    network = Network((12, 8, 3))
    network.learn(np.arange(50), 10, dataset=data, optimizer=SGD(0.1))
    return network
