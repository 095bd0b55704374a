"""Mistakes: what was taken for what, counted."""

import numpy as np
import pytest

from cutaway import DataLoader, Dataset, Network
from cutaway.measure.mistakes import class_accuracy, confusion


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
