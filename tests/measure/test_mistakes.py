"""Mistakes: what was taken for what, counted."""

import numpy as np
import pytest

from cutaway import DataLoader, Dataset, Network
from cutaway.measure.mistakes import class_accuracy, confusion, most_confident


@pytest.fixture
def network():
    """One that answers with its largest input."""
    network = Network((3, 3), output="identity")
    network.set_weights(0, np.vstack([np.zeros(3), np.eye(3)]))
    return network


X = np.eye(3)[[0, 0, 1, 2, 2, 2]]
LABELS = np.array([0, 1, 1, 2, 2, 0])
COUNTS = [[1, 0, 1], [1, 1, 0], [0, 0, 2]]  # a row per true class


@pytest.mark.parametrize(
    "data",
    [
        Dataset(X, LABELS), (X, LABELS), [(X[:4], LABELS[:4]), (X[4:], LABELS[4:])],
        DataLoader(Dataset(X, LABELS), 4, shuffle=True),
    ],
    ids=["Dataset", "pair", "mini-batches", "DataLoader"],
)  # fmt: skip
def test_a_confusion_counts_true_and_predicted_classes(network, data):
    counts = network.confusion(data)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, COUNTS)
    np.testing.assert_array_equal(confusion(network, data), COUNTS)
    np.testing.assert_allclose(network.class_accuracy(data), [1 / 2, 1 / 2, 1])


def test_a_confusion_has_what_evaluate_has(mnist):
    network = Network((784, 10))
    counts = network.confusion(mnist[1])
    assert counts.sum() == 10_000
    assert counts.trace() / 10_000 == network.evaluate(mnist[1])[1]


def test_a_class_without_samples_has_no_accuracy():
    accuracy = class_accuracy(np.array([[3, 1], [0, 0]]))
    assert accuracy[0] == 0.75
    assert np.isnan(accuracy[1])


def test_no_sample_is_refused(network):
    with pytest.raises(ValueError, match=r"^confusion: data must have at least 1 sample, got 0$"):
        network.confusion([])


def test_the_worst_mistakes_are_those_with_the_largest_outputs_of_a_wrong_answer(network):
    x = np.array([[0, 5, 1], [9, 0, 0], [0, 1, 7], [3, 2, 1], [7, 0, 4]], np.float32)
    data = Dataset(x, [0, 0, 1, 1, 2])
    wrong = most_confident(network, data, 3)
    assert wrong.numbers.tolist() == [2, 4, 0]  # of 7 and 7 the first
    assert wrong.labels.tolist() == [1, 2, 0]
    assert wrong.classes.tolist() == [[2, 1, 0], [0, 2, 1], [1, 2, 0]]
    assert wrong.outputs.tolist() == [[7, 1, 0], [7, 4, 0], [5, 1, 0]]
    assert most_confident(network, data, 9, guesses=1).classes.tolist() == [[2], [0], [1], [0]]


def test_a_network_without_mistakes_has_no_worst(network):
    assert len(most_confident(network, Dataset(np.eye(3), [0, 1, 2]), 5).numbers) == 0
