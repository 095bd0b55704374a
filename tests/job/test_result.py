"""Result: what a run tells of its network."""

import numpy as np

from cutaway import SGD, Dataset, Network
from cutaway.job.result import names_of_classes


def test_classes_have_names_or_numbers_and_outputs_beyond_the_names_too():
    network = Network((4, 3), backend="cpu")
    assert names_of_classes(network) == ("0", "1", "2")
    data = Dataset(np.arange(16, dtype=np.uint8).reshape(4, 4), ["cat", "dog"] * 2)
    network.learn(range(4), 2, dataset=data, optimizer=SGD(0.1))
    assert names_of_classes(network) == ("cat", "dog", "2")
