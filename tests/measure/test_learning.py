"""When classes and samples were learned, of hand-made networks and answers."""

import numpy as np

import cutaway
from cutaway.measure.learning import answers_at, class_curves, lost, recognised_from


def test_moments_answer_with_their_own_weights_and_the_network_stays():
    data = cutaway.Dataset(np.eye(2, dtype=np.float32), [0, 1])
    network = cutaway.Network((2, 2), backend="cpu")
    loader = cutaway.DataLoader(data, 2)
    moments = list(cutaway.train(network, loader, optimizer=cutaway.SGD(5.0), epochs=3, every=1))
    moments[0].weights[0][:] = [[1, 0], [0, 1]]
    moments[1].weights[0][:] = [[0, 1], [1, 0]]
    moments[2].weights[0][:] = 0
    for bias, values in zip((m.biases[0] for m in moments), ([0, 0], [0, 0], [0, 1]), strict=True):
        bias[:] = values
    before = network.fingerprint()
    np.testing.assert_array_equal(answers_at(network, moments, data), [[0, 1], [1, 0], [1, 1]])
    assert network.fingerprint() == before


def test_an_answer_at_the_end_is_the_network_s_own(mnist):
    test = mnist[2].subset(slice(500))
    network = cutaway.Network((784, 8, 10), seed=1, backend="cpu")
    loader = cutaway.DataLoader(mnist[0].subset(slice(640)), 64)
    moments = list(cutaway.train(network, loader, optimizer=cutaway.SGD(0.5), epochs=1, every=5))
    answers = answers_at(network, moments, test)
    np.testing.assert_array_equal(answers[-1], network.predict(test))
    assert (answers[0] != answers[-1]).any()


def test_curves_are_parts_of_a_class_s_own_samples_and_of_the_others():
    answers, labels = np.array([[0, 2, 0, 2], [0, 0, 0, 0]]), np.array([0, 0, 2, 2])
    right, wrong = class_curves(answers, labels, 3)
    np.testing.assert_array_equal(right, [[0.5, np.nan, 0.5], [1, np.nan, 0]])
    np.testing.assert_array_equal(wrong, [[0.5, 0, 0.5], [1, 0, 0]])


def test_a_class_is_recognised_from_when_half_of_it_is_right_to_the_end():
    right = np.array([[0.9, 0.1, 0.0, np.nan], [0.2, 0.5, 0.9, np.nan], [0.6, 0.7, 0.4, np.nan]])
    nothing = np.zeros((3, 4))
    assert recognised_from(right, nothing).tolist() == [2, 1, 3, 3]  # 3: not at the end
    assert recognised_from(np.ones((3, 1)), np.full((3, 1), np.nan)).tolist() == [0]  # no others


def test_a_class_that_is_said_of_everything_is_not_recognised():
    wrong = np.array([[1, 1], [0.5, 1], [0.2, 0.51]])
    assert recognised_from(np.ones((3, 2)), wrong).tolist() == [1, 3]


def test_what_is_lost_was_wrong_at_first_then_right_for_long_and_is_wrong_at_the_end():
    right = np.array(
        [
            # lost  longer  luck  short  kept  twice
            [0, 0, 1, 0, 0, 0],
            [1, 1, 1, 0, 1, 1],
            [1, 1, 1, 1, 1, 0],
            [0, 1, 1, 0, 1, 1],
            [0, 1, 0, 0, 1, 1],
            [0, 0, 0, 0, 1, 0],
        ],
        bool,
    )
    found = lost(right, 2)
    assert found.numbers.tolist() == [1, 0, 5]
    assert found.begin.tolist() == [1, 1, 3]
    assert found.end.tolist() == [5, 3, 5]
