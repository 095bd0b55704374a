"""What a mini-batch changes: of known weights, the known gradient."""

import numpy as np
import pytest

import cutaway
from cutaway.measure.update import moved_most, taught

SGD = cutaway.SGD(0.1)


@pytest.fixture
def data():
    return cutaway.Dataset(np.array([[1, 0], [0, 1], [0, -1]], np.float32), [0, 1, 0])


def two(**settings):
    """Two outputs without hidden layer, all weights 0."""
    network = cutaway.Network((2, 2), output="identity", backend="cpu", **settings)
    network.set_weights(0, np.zeros((3, 2)))
    return network


def test_the_update_of_plain_sgd_is_minus_rate_times_gradient(data):
    network = two(reduction="sum")
    found = taught(network, data, np.array([0, 1]), SGD, 0.5)
    # Outputs are 0 and targets (1, 0) and (0, 1): the gradient of the squared error is -2 x target.
    _, gradients = network.backprop(data.images[:2], data.labels[:2])
    np.testing.assert_allclose(found.update[0], -0.5 * gradients[0], rtol=1e-6)
    size = found.update[0][1, 0]
    np.testing.assert_allclose(
        found.update[0], size * np.array([[1, 1], [1, 0], [0, 1]]), rtol=1e-6
    )
    assert size > 0


def test_losses_and_right_answers_are_those_of_evaluate_before_and_after(data):
    network = two()
    numbers = np.array([2, 1, 0])
    found = taught(network, data, numbers, SGD)
    batch = data.subset(numbers)
    for place, each in enumerate((network, found.network)):
        loss, accuracy = each.evaluate(batch)
        assert found.losses[place] == pytest.approx(loss, rel=1e-6)
        assert found.right[place] == round(3 * accuracy)
    assert found.losses[1] < found.losses[0]
    assert found.answers.tolist() == [0, 0, 0]


def test_the_network_stays_and_the_copy_learns_to_the_same_bits(data):
    network, other = (cutaway.Network((2, 5, 2), seed=3, backend="cpu") for _ in range(2))
    adam = cutaway.Adam(0.01)
    for each in (network, other):
        each.learn([0, 1, 2], 2, dataset=data, optimizer=adam)
    before = network.fingerprint()
    found = taught(network, data, np.array([1, 2]), adam)
    assert network.fingerprint() == before
    other.learn([1, 2], 2, dataset=data, optimizer=adam)
    assert found.network.fingerprint() == other.fingerprint()


def test_units_are_sorted_by_how_far_they_moved():
    update = np.array([[3, 0, 1, 5], [4, 0, 1, 0]], np.float32)  # lengths 5, 0, 1.4, 5
    assert moved_most(update, 3).tolist() == [0, 3, 2]
    assert moved_most(update, 9).tolist() == [0, 3, 2, 1]
