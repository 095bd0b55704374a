"""Network: how it starts, how large it may be, and how a notebook shows it."""

import numpy as np
import pytest

from cutaway import SGD, Dataset, Network
from cutaway.look import notebook


@pytest.mark.parametrize(("activation", "spread"), [("sigmoid", 1), ("tanh", 1), ("relu", 2)])
def test_start_weights_are_sized_by_fan_in_and_biases_are_zero(activation, spread):
    network = Network((784, 300, 10), activation=activation, seed=5)
    assert network.weights[0].std() == pytest.approx((spread / 784) ** 0.5, rel=0.02)
    assert network.weights[1].std() == pytest.approx((1 / 300) ** 0.5, rel=0.05)
    assert not network.biases[0].any()


def test_all_backends_start_from_the_same_weights():
    assert Network(backend="cpu").fingerprint() == Network(backend="numpy").fingerprint()


@pytest.mark.parametrize("sizes", [(100_000_000, 100_000), (2**40, 2**40)])
def test_a_network_too_large_for_memory_says_how_large(sizes):
    with pytest.raises(MemoryError, match=r"weights of sizes .* need .* GB, .* GB are free$"):
        Network(sizes)


def test_a_notebook_shows_a_network_as_its_first_layer_in_the_shape_of_its_images(monkeypatch):
    shown = []
    monkeypatch.setattr(notebook, "layer", lambda *arguments: shown.append(arguments) or "<img>")
    network = Network((6, 4, 2))
    assert network._repr_html_() == "<img>"
    dataset = Dataset(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), [0, 1])
    network.learn([0, 1], 2, dataset=dataset, optimizer=SGD(0.1))
    network._repr_html_()
    assert [(line, shape) for line, _, shape in shown] == [
        (repr(network), None), (repr(network), (2, 3))
    ]  # fmt: skip
    np.testing.assert_array_equal(shown[1][1], network.weights[0])
