"""What a network holds: weights and memory go out as a state_dict or a copy, and come back to the bit."""

import copy
import pickle

import numpy as np
import pytest

from cutaway import SGD, Adam, Network


def test_state_dict_has_the_keys_and_shapes_of_a_sequential_of_pytorchs(network):
    state = network.state_dict()
    assert {name: values.shape for name, values in state.items()} == {
        "0.weight": (8, 12),
        "0.bias": (8,),
        "2.weight": (3, 8),
        "2.bias": (3,),
    }
    np.testing.assert_array_equal(state["0.weight"].T, network.weights[0])
    other = Network((12, 8, 3), seed=9)
    other.load_state_dict(state)
    assert other.fingerprint() == network.fingerprint()


def test_a_state_dict_may_have_any_names_and_either_layout(network):
    (first, a), (second, b) = zip(network.weights, network.biases, strict=True)
    for state in (
        {"lin1.weight": first.T, "lin1.bias": a, "lin2.weight": second.T, "lin2.bias": b},
        {"W1": first, "b1": a, "W2": second, "b2": b},
        {"coefs_0": first, "coefs_1": second, "intercepts_0": a, "intercepts_1": b},
    ):
        other = Network((12, 8, 3), seed=9)
        other.load_state_dict(state)
        assert other.fingerprint() == network.fingerprint()


def test_weights_that_fit_both_ways_are_laid_out_as_the_sizes_say():
    network = Network((6, 4, 6), seed=1)
    other = Network((6, 4, 6), seed=2)
    other.load_state_dict(
        {
            "W1": network.weights[0],
            "b1": network.biases[0],
            "W2": network.weights[1],
            "b2": np.zeros(6),
        }
    )
    assert other.fingerprint() == network.fingerprint()
    square = Network((4, 4))
    state = {"weight": np.arange(16).reshape(4, 4), "bias": np.zeros(4)}
    square.load_state_dict(state)  # as PyTorch has it, where nothing tells
    np.testing.assert_array_equal(square.weights[0], state["weight"].T)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"2.bias": np.zeros(4)}, r"the bias of '2.weight' \(3, 8\) must have 3 numbers, got 4"),
        ({"2.bias": np.full(3, np.nan)}, "'2.weight' must be finite, got nan"),
        ({"3.bias": np.zeros(3)}, "'3.bias' .* must be the bias of a fully connected layer"),
        ({"2.weight": np.zeros((3, 8, 1))}, "'2.weight' must be .* got shape"),
        ({"4.weight": np.zeros((2, 3)), "4.bias": np.zeros(2)}, "must be of a network 12-8-3, got"),
        ({"2.bias": None}, "must have a bias for '2.weight'"),
    ],
)
def test_a_state_dict_that_does_not_fit_changes_nothing(network, change, text):
    before = network.fingerprint()
    state = {**network.state_dict(), "0.weight": network.weights[0].T + 1, **change}
    state = {name: array for name, array in state.items() if array is not None}
    with pytest.raises(ValueError, match=f"^load_state_dict: .*{text}"):
        network.load_state_dict(state)
    assert network.fingerprint() == before


def copies(network):
    return pickle.loads(pickle.dumps(network)), copy.deepcopy(network)


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, 0.9), Adam(0.01)], ids=str)
def test_copies_go_on_learning_to_the_same_bits(backend, data, optimizer):
    def learn(network):
        return network.learn(np.arange(50), 8, dataset=data, optimizer=optimizer).tobytes()

    network = Network((12, 8, 3), activation="tanh", backend=backend, threads=2)
    learn(network)
    networks = [network, *copies(network)]
    assert len({n.fingerprint() for n in networks}) == 1
    assert len({learn(n) for n in networks}) == 1
    assert len({n.fingerprint() for n in networks}) == 1
    for other in networks[1:]:
        assert (other.backend, other.threads) == (network.backend, network.threads)
        assert other.architecture == network.architecture
        assert (other.mean, other.std, other.shape) == (data.mean, data.std, (4, 3))
        assert other.optimizer == optimizer
        assert other.optimizer_state()["step"] == network.optimizer_state()["step"] == 14


def test_a_copy_is_another_network(network, data):
    network.note = ["kept"]
    before = network.fingerprint()
    for other in copies(network):
        assert other.note == ["kept"]
        other.learn(np.arange(50), 10, dataset=data, optimizer=SGD(0.1))
        assert other.fingerprint() != network.fingerprint() == before


def test_copies_of_a_network_that_has_not_learned(data):
    network = Network((12, 8, 3), seed=4)
    for other in copies(network):
        assert other.fingerprint() == network.fingerprint()
        assert other.mean is other.optimizer is None
        assert other.evaluate(data) == network.evaluate(data)


def test_a_copy_finds_the_threads_of_its_process_unless_their_number_was_asked_for(monkeypatch):
    """So that a network which comes to one of joblib's workers takes that worker's share."""
    monkeypatch.setenv("CUTAWAY_NUM_THREADS", "4")
    free, fixed = Network((12, 8, 3)), Network((12, 8, 3), threads=3)
    assert (free.threads, fixed.threads) == (4, 3)
    monkeypatch.delenv("CUTAWAY_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for _ in range(2):  # a copy of a copy likewise
        free, fixed = copies(free)[0], copies(fixed)[1]
        assert (free.threads, fixed.threads) == (1, 3)


BAD_STATES = [
    (TypeError, "must be a dictionary", None),
    (ValueError, "keys must be", {"step": 1}),
    (TypeError, "step must be an integer", {"step": "1"}),
    (ValueError, "step must be at least 0", {"step": -5}),
    (ValueError, r"m.0 must be \(13, 8\)", {"m.0": np.zeros((8, 13))}),
    (TypeError, "m.0 must be real numbers", {"m.0": np.full((13, 8), "a")}),
    (ValueError, "m.0 must be finite", {"m.0": np.full((13, 8), np.nan)}),
]


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize(("kind", "text", "change"), BAD_STATES)
def test_a_memory_that_does_not_fit_is_refused_and_the_old_one_goes_on(
    data, backend, kind, text, change
):
    def train(network, numbers):
        network.learn(numbers, 10, dataset=data, optimizer=SGD(0.1, 0.9))

    networks = [Network((12, 8, 3), backend=backend) for _ in range(2)]
    adam = Network((12, 8, 3), backend=backend)
    adam.learn(np.arange(50), 10, dataset=data, optimizer=Adam())
    state = adam.optimizer_state()
    if change is None:
        state = None
    elif set(change) == {"step"} and change["step"] == 1:
        state = change
    else:
        state.update(change)
    for network in networks:
        train(network, np.arange(50))
    with pytest.raises(kind, match=text):
        networks[0].load_optimizer_state(Adam(), state)
    for network in networks:
        train(network, np.arange(50))
    assert networks[0].fingerprint() == networks[1].fingerprint()
