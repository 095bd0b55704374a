"""scikit-learn, whose loss, start weights and orders are its own."""

import sys
import warnings
from types import SimpleNamespace

import pytest

from cutaway.bench.frameworks import Sklearn
from cutaway.bench.peers import Cutaway


@pytest.mark.needs("sklearn")
@pytest.mark.parametrize("name", ["lesson9", "lesson5"])
def test_scikit_learn_gets_about_as_far_with_start_weights_of_its_own(mnist, task, name):
    work = task(name)
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


def test_ctrl_c_gets_through_scikit_learn(monkeypatch, task):
    class Catches:
        def __init__(self, *_, **__):
            pass

        def partial_fit(self, *_, **__):
            warnings.warn("Training interrupted by user.", stacklevel=1)

    module = SimpleNamespace(MLPClassifier=Catches)
    monkeypatch.setitem(sys.modules, "sklearn", SimpleNamespace(neural_network=module))
    monkeypatch.setitem(sys.modules, "sklearn.neural_network", module)
    with pytest.raises(KeyboardInterrupt):
        Sklearn(task("lesson9")).epoch(0)
