"""The contenders of other libraries learn what cutaway learns, where those are installed."""

import numpy as np
import pytest

from cutaway.bench import epochs
from cutaway.bench.frameworks import Sklearn, Torch
from cutaway.bench.peers import Cutaway, Task

pytestmark = pytest.mark.filterwarnings("default")  # theirs are not ours to mend


def task(name, data):
    recipe = epochs.EPOCHS[name].recipe
    network = recipe.make_network(784, 10, backend="cpu", threads=1, seed=3)
    start = [network.get_weights(layer) for layer in range(network.architecture.layers)]
    return Task(recipe, data, data[:][0], start, 1)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("name", ["lesson9", "lesson5", "wide"])
def test_torch_takes_the_same_steps(mnist, name):
    work = task(name, mnist[0].subset(slice(300)))  # the last mini-batch is short
    ours, theirs = Cutaway(work), Torch(work)
    for seed in range(2):
        ours.epoch(seed)
        theirs.epoch(seed)
    for start, a, b in zip(work.start, ours.weights(), theirs.weights(), strict=True):
        assert np.linalg.norm(a - b) <= 1e-3 * np.linalg.norm(a - start)


@pytest.mark.needs("sklearn")
@pytest.mark.parametrize("name", ["lesson9", "lesson5"])
def test_scikit_learn_gets_about_as_far_with_start_weights_of_its_own(mnist, name):
    work = task(name, mnist[0].subset(slice(3000)))
    accuracies = []
    for peer in (Cutaway(work), Sklearn(work)):
        for seed in range(5):
            peer.epoch(seed)
        network = work.make_network()
        for layer, values in enumerate(peer.weights()):
            network.set_weights(layer, values)
        accuracies.append((network.predict(mnist[1][:][0]) == mnist[1].labels).mean())
    assert min(accuracies) > 0.8
    assert abs(accuracies[0] - accuracies[1]) < 0.1
