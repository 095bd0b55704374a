"""Networks are made of other libraries' models: they compute the same, and go on learning here."""

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network, Weights, fit, load, mistakes, save

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 6)).astype(np.float32)
ARRAYS = {
    "W1": RNG.normal(size=(6, 5)), "b1": RNG.normal(size=5),
    "W2": RNG.normal(size=(5, 3)), "b2": RNG.normal(size=3),
}  # fmt: skip


def test_arrays_need_their_activations_and_say_so():
    for given in ({}, {"activation": "relu"}, {"output": "softmax"}):
        with pytest.raises(
            ValueError,
            match=r"^from_model: the model draws, but cannot predict: its activations are unknown "
            r"\(a dictionary of arrays does not tell them\); name them: activation and output",
        ):
            Network.from_model(ARRAYS, **given)
    network = Network.from_model(ARRAYS, activation="relu", output="softmax")
    sums = np.maximum(X @ ARRAYS["W1"] + ARRAYS["b1"], 0) @ ARRAYS["W2"] + ARRAYS["b2"]
    odds = np.exp(sums)
    np.testing.assert_allclose(network.forward(X), odds / odds.sum(1, keepdims=True), atol=1e-5)


def test_without_a_hidden_layer_the_output_s_activation_is_enough():
    network = Network.from_model({"W": ARRAYS["W1"], "b": ARRAYS["b1"]}, output="tanh")
    np.testing.assert_allclose(
        network.forward(X), np.tanh(X @ ARRAYS["W1"] + ARRAYS["b1"]), atol=1e-5
    )


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        ("identity", "squared_error"),
    ],
)
def test_the_loss_fits_the_output_if_none_is_given(output, loss):
    network = Network.from_model(ARRAYS, activation="tanh", output=output)
    assert network.architecture.loss == loss
    network = Network.from_model(ARRAYS, activation="tanh", output=output, loss="squared_error")
    assert network.architecture.loss == "squared_error"


def test_it_goes_on_learning():
    data = Dataset(X, np.argmax(X[:, :3], axis=1))
    network = Network.from_model(ARRAYS, activation="tanh", output="softmax")
    before, _ = network.evaluate(data)
    fit(network, DataLoader(data, 8), optimizer=SGD(0.1), epochs=5)
    assert network.evaluate(data)[0] < before


def test_pixels_become_numbers_as_is_told():
    network = Network.from_model(ARRAYS, activation="tanh", output="sigmoid", mean=0, std=255)
    pixels = RNG.integers(0, 256, (9, 6), np.uint8)
    np.testing.assert_allclose(network.forward(pixels), network.forward(pixels / 255), atol=1e-6)
    with pytest.raises(TypeError, match=r"^from_model: std must be a number, got None"):
        Network.from_model(ARRAYS, activation="tanh", output="sigmoid", mean=0)
    unknown = Network.from_model(ARRAYS, activation="tanh", output="sigmoid")
    with pytest.raises(ValueError, match="integer rows are normalised with"):
        unknown.forward(pixels)


def test_a_network_and_its_file_give_one_that_computes_the_same(tmp_path):
    network = Network((6, 4, 3), activation="tanh", output="softmax", reduction="sum")
    data = Dataset(
        RNG.integers(0, 256, (40, 2, 3), np.uint8), np.arange(40) % 3, class_names=[*"abc"]
    )
    fit(network, DataLoader(data), optimizer=SGD(0.1), epochs=1)
    save(network, tmp_path / "model.safetensors")
    for model in (network, tmp_path / "model.safetensors"):
        other = Network.from_model(model, backend="numpy")
        assert other.fingerprint() == network.fingerprint()
        assert other.architecture == network.architecture
        for name in ("mean", "std", "pixels", "shape", "class_names", "whole"):
            assert getattr(other, name) == getattr(network, name)
        assert other.backend == "numpy"
    altered = Network.from_model(network, output="sigmoid")
    assert altered.architecture.loss == "binary_cross_entropy"


def test_that_it_learned_elsewhere_is_kept_with_it(tmp_path):
    """A question of pixels then says that it does not know how they became numbers."""
    network = Network.from_model(ARRAYS, activation="relu", output="softmax")
    save(network, tmp_path / "model.safetensors")
    data = Dataset(RNG.integers(0, 256, (9, 6), np.uint8), np.arange(9) % 3)
    for each in (network, load(tmp_path / "model.safetensors"), Network.from_model(network)):
        with pytest.warns(
            UserWarning, match=r"^mistakes: the model does not say how pixels became"
        ):
            mistakes(each, data)


def test_a_damaged_file_of_ours_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save(Network((6, 4, 3)), path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for take in (Network.from_model, Weights.from_model):
        with pytest.raises(ValueError, match="is damaged: its contents do not match their SHA-256"):
            take(path)


def test_numbers_that_are_not_finite_are_refused_by_the_name_of_their_layer():
    arrays = {**ARRAYS, "W2": np.full((5, 3), np.nan)}
    with pytest.raises(ValueError, match=r"^from_model: W2 must be finite, got nan"):
        Network.from_model(arrays, activation="relu", output="softmax")


@pytest.mark.needs("torch")
def test_a_sequential_computes_the_same_here_and_takes_back_what_was_learned():
    import torch

    def sequential(*end):
        return torch.nn.Sequential(
            torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3), *end
        )

    theirs = sequential(torch.nn.Softmax(dim=1))
    network = Network.from_model(theirs)
    with torch.no_grad():
        np.testing.assert_allclose(network.forward(X), theirs(torch.from_numpy(X)), atol=1e-5)
    network.learn(range(40), 8, dataset=Dataset(X, np.arange(40) % 3), optimizer=SGD(0.1))
    back = sequential()
    state = {name: torch.from_numpy(array) for name, array in network.state_dict().items()}
    back.load_state_dict(state, strict=True)
    with torch.no_grad():
        softmax = back(torch.from_numpy(X)).softmax(dim=1)
    np.testing.assert_allclose(network.forward(X), softmax, atol=1e-5)
    logits = Network.from_model(back)
    assert logits.architecture.activations == ("relu", "identity")
    np.testing.assert_allclose(
        Network.from_model(back, output="softmax").forward(X), softmax, atol=1e-5
    )


@pytest.mark.needs("sklearn")
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # MLPClassifier has not converged
@pytest.mark.parametrize("classes", [["a", "b"], ["a", "b", "c"], [0, 1], [3, 4, 5]])
@pytest.mark.parametrize("activation", ["relu", "logistic", "tanh", "identity"])
def test_a_perceptron_s_probabilities_are_the_outputs(classes, activation):
    from sklearn.neural_network import MLPClassifier

    y = np.array(classes)[np.arange(40) % len(classes)]
    model = MLPClassifier((7, 5), activation=activation, max_iter=20, random_state=0).fit(X, y)
    network = Network.from_model(model)
    np.testing.assert_allclose(network.forward(X), model.predict_proba(X), atol=1e-5)
    names = network.class_names or range(len(classes))
    np.testing.assert_array_equal(
        np.array(names).astype(str)[network.predict(X)], model.predict(X).astype(str)
    )
