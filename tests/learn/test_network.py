"""What Network adds to its core: start weights, prediction, evaluation, state_dict."""

import copy
import pickle

import numpy as np
import pytest

from cutaway import SGD, Adam, DataLoader, Dataset, Network
from cutaway.look import notebook


@pytest.mark.parametrize(("activation", "spread"), [("sigmoid", 1), ("tanh", 1), ("relu", 2)])
def test_start_weights_are_sized_by_fan_in_and_biases_are_zero(activation, spread):
    network = Network((784, 300, 10), activation=activation, seed=5)
    assert network.weights[0].std() == pytest.approx((spread / 784) ** 0.5, rel=0.02)
    assert network.weights[1].std() == pytest.approx((1 / 300) ** 0.5, rel=0.05)
    assert not network.biases[0].any()


def test_all_backends_start_from_the_same_weights():
    assert Network(backend="cpu").fingerprint() == Network(backend="numpy").fingerprint()


def test_evaluate_of_a_single_sample(network, data):
    for i in range(3):
        one = data.subset([i])
        loss, accuracy = network.evaluate(one)
        assert accuracy == float(network.predict(data.images[i : i + 1])[0] == data.labels[i])
        assert loss == pytest.approx(network.backprop(*one[:])[0], rel=1e-6)
        assert network.evaluate([one[:]]) == pytest.approx((loss, accuracy), rel=1e-6)


def test_predict_is_the_largest_output(network, data):
    expected = network.forward(data.images).argmax(axis=1)
    np.testing.assert_array_equal(network.predict(data.images), expected)


@pytest.mark.parametrize("backend", ["cpu", "numpy"])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("sigmoid", "squared_error"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "cross_entropy"),
    ],
)
def test_evaluate_is_the_mean_loss_and_the_part_recognised(data, backend, output, loss):
    network = Network((12, 8, 3), output=output, loss=loss, backend=backend, reduction="mean")
    value, accuracy = network.evaluate(data)
    x, y = data[:]
    assert value == pytest.approx(network.backprop(x, y)[0], rel=1e-6)
    assert accuracy == (network.predict(x) == y).mean()


def test_evaluate_survives_outputs_of_zero_and_one(data):
    network = Network((12, 3), loss="binary_cross_entropy")
    network.set_weights(0, 1000 * network.get_weights(0))
    assert np.isfinite(network.evaluate(data)[0])


def test_large_inputs_are_taken_in_blocks_and_give_the_same_bits(network):
    x = np.random.default_rng(1).standard_normal((20_000, 12)).astype(np.float32)
    np.testing.assert_array_equal(network.forward(x)[-5:], network.forward(x[-5:]))


@pytest.mark.parametrize("y", [[0, 2], [[1, 0, 0], [0, 0, 1]], np.eye(3, dtype=np.float32)[[0, 2]]])
def test_labels_may_be_numbers_or_one_hot(network, y):
    x = np.ones((2, 12))
    assert network.backprop(x, y)[0] == network.backprop(x, [0, 2])[0]


def test_an_optimizer_goes_on_while_its_settings_are_the_same(data):
    def learn(*optimizers):
        network = Network((12, 8, 3))
        for optimizer in optimizers:
            network.learn(np.arange(50), 10, dataset=data, optimizer=optimizer)
        return network

    assert learn(Adam(), Adam()).optimizer_state()["step"] == 10
    assert learn(Adam(0.1), Adam(0.2)).optimizer_state()["step"] == 10  # another rate goes on
    assert learn(Adam(), Adam(eps=1e-7)).optimizer_state()["step"] == 5
    assert learn(Adam(), SGD(0.1, 0.9)).optimizer_state()["step"] == 5


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


def test_evaluate_takes_mini_batches_of_the_users_own(data):
    class Own:
        def __len__(self):
            return 50

        def __getitem__(self, i):
            return data.images[i] / 255, int(data.labels[i])

    network = Network((12, 8, 3))
    raw = Dataset(data.images / 255, data.labels, mean=0, std=1)
    assert network.evaluate(DataLoader(Own(), 16)) == pytest.approx(network.evaluate(raw))
    with pytest.raises(ValueError, match="at least 1 sample"):
        network.evaluate([])
    with pytest.raises(TypeError, match="data must be a Dataset or yield"):
        network.evaluate(3)


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


@pytest.mark.parametrize("sizes", [(100_000_000, 100_000), (2**40, 2**40)])
def test_a_network_too_large_for_memory_says_how_large(sizes):
    with pytest.raises(MemoryError, match=r"weights of sizes .* need .* GB, .* GB are free$"):
        Network(sizes)


def test_top_gives_the_best_classes_and_their_outputs(network, data):
    output = network.forward(data.images)
    classes, values = network.top(data.images, 2)
    np.testing.assert_array_equal(classes[:, 0], network.predict(data.images))
    np.testing.assert_array_equal(values, np.sort(output, axis=1)[:, :0:-1])
    np.testing.assert_array_equal(values, np.take_along_axis(output, classes, axis=1))
    assert network.top(data.images[0])[0].shape == (1, 3)
    network.set_weights(1, np.zeros((9, 3)))
    assert network.top(data.images[0])[0].tolist() == [[0, 1, 2]]  # of equal ones, the lowest first
    with pytest.raises(ValueError, match=r"^top: k must be at most 3, got 4$"):
        network.top(data.images, 4)


def test_probabilities_are_those_of_a_softmax(network, data):
    with pytest.raises(ValueError, match=r"^predict_proba: .* output 'softmax', got 'sigmoid'"):
        network.predict_proba(data.images)
    softmax = Network((12, 8, 3), output="softmax", loss="cross_entropy")
    probabilities = softmax.predict_proba(data)
    np.testing.assert_array_equal(probabilities, softmax.forward(data))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_outputs_come_with_their_labels(network, data):
    (output,), (labels,) = zip(*network.outputs(data), strict=True)
    np.testing.assert_array_equal(output, network.forward(data.images))
    np.testing.assert_array_equal(labels, data.labels)


def test_a_picture_file_is_made_like_what_it_learned_from_and_that_is_told(network, tmp_path):
    from PIL import Image

    picture = np.zeros((4, 3), np.uint8)
    picture[1:3, 1] = 255
    Image.fromarray(255 - picture).save(tmp_path / "white.png")
    Image.fromarray(picture).save(tmp_path / "black.png")
    network.mean = 40.0  # dark paper
    expected = network.top(picture)
    for name in ("black.png", str(tmp_path / "black.png")):
        np.testing.assert_array_equal(network.top(tmp_path / name)[1], expected[1])
    with pytest.warns(UserWarning, match=r"^predict: .*white.png was inverted, like the pictures"):
        np.testing.assert_array_equal(network.predict(tmp_path / "white.png"), expected[0][:, 0])
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        network.predict(tmp_path / "none.png")
    with pytest.raises(ValueError, match=r"^predict: a picture file needs a network that learned"):
        Network((12, 3)).predict(tmp_path / "white.png")


@pytest.mark.parametrize("white", [16, 1])
def test_a_picture_file_is_no_row_of_a_network_of_other_pixels(data, tmp_path, white):
    """Those of load_digits() are 0 to 16, and booleans 0 and 1: 255 would be far beyond all of them."""
    from PIL import Image

    Image.fromarray(np.eye(4, 3, dtype=np.uint8)).save(tmp_path / "digit.png")
    images = data.images.reshape(-1, 4, 3)
    few = Dataset(images // 128 * white, data.labels)
    network = Network((12, 3))
    network.learn([0], 1, dataset=few, optimizer=SGD(0.1))
    with pytest.raises(ValueError, match=r"^predict: a picture file has pixels from 0 to 255, but"):
        network.predict(tmp_path / "digit.png")
    given = Dataset(images, data.labels, mean=0, std=1)
    network.learn([0], 1, dataset=given, optimizer=SGD(0))
    assert network.predict(tmp_path / "digit.png").shape == (1,)


def test_it_knows_the_names_of_the_classes_that_it_learned(data):
    network = Network((12, 3))
    assert network.class_names is None
    named = Dataset(data.images, data.labels, class_names=["a", "b", "c"])
    network.learn([0], 1, dataset=named, optimizer=SGD(0.1))
    assert network.class_names == copy.deepcopy(network).class_names == ("a", "b", "c")


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
