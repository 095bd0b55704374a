"""Evidence: what pixels and hidden units said for an answer adds up to what it is made of."""

import numpy as np
import pytest

from cutaway import SGD, Dataset, Network
from cutaway.measure.evidence import (
    activations,
    contributions,
    evidence,
    ink_of,
    inputs,
    outspoken,
    paper_of,
)


def made(*matrices, **settings):
    """A network of weights (1 + fan_in, fan_out), row 0 the biases."""
    sizes = (len(matrices[0]) - 1, *(len(m[0]) for m in matrices))
    network = Network(sizes, backend="cpu", **settings)
    for layer, matrix in enumerate(matrices):
        network.set_weights(layer, matrix)
    return network


@pytest.fixture
def two():
    """Two neurons: one hands on the first input, the other three times the second."""
    first = [[0, 0], [1, 0], [0, 3]]
    last = [[0.5, 0], [2, 1], [-1, 4]]
    return made(first, last, activation="relu", output="identity")


def test_a_unit_says_its_activation_times_the_difference_of_its_weights(two):
    x = np.array([[1, 2], [4, -1]], np.float32)
    said = contributions(two, x, [0, 1], [1, 0])
    np.testing.assert_allclose(said, [[1 * (2 - 1), 6 * (-1 - 4)], [4 * (1 - 2), 0]])


def test_without_a_hidden_layer_inputs_are_taken_for_units():
    network = made([[0, 0], [1, 3], [2, -1]], output="identity")
    x = np.array([[1, 2]], np.float32)
    np.testing.assert_allclose(contributions(network, x, [0], [1]), [[1 * (1 - 3), 2 * (2 + 1)]])


@pytest.mark.parametrize("hidden", [(), (7,), (7, 5)])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity"])
def test_what_units_say_and_the_biases_add_up_to_the_difference_of_two_sums(hidden, activation):
    network = Network((6, *hidden, 3), activation=activation, output="identity", backend="cpu")
    network.set_weights(
        len(hidden), np.random.default_rng(0).normal(size=(1 + (6, *hidden)[-1], 3))
    )
    x = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    outputs, biases = network.forward(x), network.biases[-1]
    said = contributions(network, x, [2] * 4, [1] * 4).sum(axis=1)
    expected = outputs[:, 2] - outputs[:, 1]
    np.testing.assert_allclose(said + biases[2] - biases[1], expected, rtol=1e-4, atol=1e-5)


def test_without_a_unit_the_sums_change_by_what_it_said(two):
    x = np.array([[1, 2]], np.float32)
    before = two.forward(x)[0]
    said = contributions(two, x, [0], [1])[0]
    for unit in (0, 1):
        weights = two.get_weights(1)
        weights[1 + unit] = 0
        without = made(two.get_weights(0), weights, activation="relu", output="identity")
        after = without.forward(x)[0]
        assert (before[0] - before[1]) - (after[0] - after[1]) == pytest.approx(said[unit])


def test_pixels_of_the_first_layer_are_weighed_by_its_weights(two):
    x = np.array([5, 7], np.float32)
    np.testing.assert_allclose(evidence(two, x, 0, two.weights[0]), [[5, 0], [0, 21]])


def test_pixels_speak_through_the_hidden_units(two):
    x = np.array([5, 7], np.float32)
    np.testing.assert_allclose(
        evidence(two, x, 1, two.weights[1]), [[5 * 2, 7 * 3 * -1], [5, 7 * 3 * 4]], rtol=1e-5
    )
    off = np.array([5, -7], np.float32)  # with the second unit at 0
    np.testing.assert_allclose(evidence(two, off, 1, two.weights[1]), [[10, 0], [5, 0]], rtol=1e-5)


@pytest.mark.parametrize("hidden", [(), (20,), (20, 10)])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
def test_evidence_adds_up_to_what_the_sample_changed_of_the_sum(hidden, activation):
    network = Network((30, *hidden, 3), activation=activation, output="identity", backend="cpu")
    x = 2 * np.random.default_rng(0).normal(size=30).astype(np.float32)
    found = evidence(network, x, len(hidden), network.weights[-1]).sum(axis=1)
    changed = network.forward(x[np.newaxis])[0] - network.forward(0 * x[np.newaxis])[0]
    np.testing.assert_allclose(found, changed, atol=0.02 * np.abs(changed).max() + 1e-4)


def learned(images):
    network = Network((images.shape[1], 2), backend="cpu")
    dataset = Dataset(images, np.arange(len(images)) % 2)
    network.learn(range(len(images)), 2, dataset=dataset, optimizer=SGD(0.1))
    return network, dataset


@pytest.mark.parametrize("dark", [True, False])
def test_blank_paper_is_no_evidence_whether_it_is_dark_or_bright(dark):
    images = np.zeros((4, 6), np.uint8)
    images[:, 1], images[:, 2] = 255, 100
    network, dataset = learned(images if dark else 255 - images)
    rows = inputs("test", network, dataset)
    np.testing.assert_allclose(rows[0, [0, 3, 4, 5]], paper_of(network), rtol=1e-5)
    found = evidence(network, rows[0], 0, network.weights[0])
    assert np.abs(found[:, [0, 3, 4, 5]]).max() < 1e-6
    assert np.abs(found[:, [1, 2]]).min() > 1e-6
    ink = ink_of(network, rows)[0]
    np.testing.assert_allclose(ink, [0, 1, 100 / 255, 0, 0, 0], atol=1e-5)


def test_pixels_that_are_no_bytes_have_ink_up_to_the_largest():
    images = np.zeros((4, 6), np.uint8)
    images[:, 1], images[0, 2] = 16, 8
    network, dataset = learned(images)
    ink = ink_of(network, inputs("test", network, dataset))
    np.testing.assert_allclose(ink[0], [0, 1, 0.5, 0, 0, 0], atol=1e-5)


def test_numbers_are_compared_with_zero():
    network, dataset = learned(np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6))
    assert paper_of(network) == 0
    np.testing.assert_array_equal(inputs("test", network, dataset), dataset.images)


def test_activations_are_the_network_s_of_normalised_rows(mnist):
    network = Network((784, 20, 10), backend="cpu")
    some = mnist[2].subset(range(5))
    for found, expected in zip(
        activations(network, inputs("test", network, some)), network.activations(some), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("count", "most", "least"), [(1, [2], [1]), (2, [2, 3], [1, 0]), (9, [2, 3], [1, 0])]
)
def test_the_outspoken_are_those_at_either_end_and_none_at_both(count, most, least):
    found = outspoken(np.array([0.1, -2, 3, 1], np.float32), count)
    assert [units.tolist() for units in found] == [most, least]
