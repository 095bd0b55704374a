"""Keras models and files: a description and arrays, which h5py reads."""

import json
import os
import zipfile
from io import BytesIO

import numpy as np
import pytest

from cutaway import Network, Weights


def dense(name, activation="linear"):
    return {"class_name": "Dense", "config": {"name": name, "activation": activation}}


def layer(kind, **config):
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


SNAKES = {"ReLU": "re_lu", "LeakyReLU": "leaky_re_lu"}  # as Keras calls them in its files
FIRST, SECOND = dense("one", "relu"), dense("two", "softmax")


def written(path, layers, *described, change=lambda _: None):
    """Write a .keras file as Keras does, of these descriptions; only Dense layers have arrays."""
    h5py = pytest.importorskip("h5py")
    data = BytesIO()
    with h5py.File(data, "w") as file:
        arrays = iter(layers)
        number = 0
        for each in described:
            if each["class_name"] == "Dense":
                group = file.create_group(f"layers/dense{f'_{number}' * bool(number)}/vars")
                number += 1
                for name, array in zip("01", next(arrays), strict=True):
                    group[name] = array
            elif each["class_name"] != "InputLayer":
                kind = each["class_name"]
                file.create_group(f"layers/{SNAKES.get(kind, kind.lower())}/vars")
        change(file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [*described]}}))
        archive.writestr("model.weights.h5", data.getvalue())
    return path


@pytest.mark.needs("h5py")
def test_a_file_is_read_with_its_activations_and_what_it_does_to_pixels(tmp_path, layers, same):
    path = written(
        tmp_path / "a.keras", layers, layer("InputLayer", batch_shape=[None, 2, 3, 1]),
        layer("Rescaling", scale=1 / 255, offset=0.0), layer("Flatten"), FIRST, layer("Dropout"), SECOND,
    )  # fmt: skip
    found = same(Weights.from_model(path))
    assert found.activations == ("relu", "softmax")
    assert (found.mean, found.std, found.shape) == (0, pytest.approx(255), (2, 3))
    assert found.names == ("layer 'one' (Dense)", "layer 'two' (Dense)")
    network = Network.from_model(path)
    pixels = np.arange(6, dtype=np.uint8)[np.newaxis]
    np.testing.assert_allclose(network.forward(pixels), network.forward(pixels / 255.0), rtol=1e-5)


@pytest.mark.needs("h5py")
@pytest.mark.parametrize(
    ("parts", "activations", "why"),
    [
        ([dense("one"), layer("ReLU"), dense("two")], ("relu", "identity"), ""),
        (
            [dense("one", "tanh"), dense("two"), layer("Activation", activation="sigmoid")],
            ("tanh", "sigmoid"),
            "",
        ),
        ([dense("one", "gelu"), dense("two")], None, "'gelu' of layer 'one' (Dense) is none of"),
        (
            [dense("one", {"config": "mine"}), dense("two")],
            None,
            "'mine' of layer 'one' (Dense) is none of",
        ),
        (
            [dense("one"), layer("ReLU", max_value=6.0), dense("two")],
            None,
            "(ReLU) is no plain one",
        ),
        (
            [dense("one"), layer("ReLU", max_value=None, negative_slope=0.0), dense("two")],
            ("relu", "identity"),
            "",
        ),
        ([dense("one"), {**layer("ReLU"), "module": "mine"}, dense("two")], None, "not known"),
        ([FIRST, layer("LeakyReLU"), SECOND], None, "(LeakyReLU) is not known here"),
        ([FIRST, layer("Rescaling", scale=2, offset=0), SECOND], None, "is no scale of all inputs"),
    ],
)
def test_activations_are_those_of_ours_or_unknown(tmp_path, layers, same, parts, activations, why):
    found = same(Weights.from_model(written(tmp_path / "a.keras", layers, *parts)))
    assert found.activations == activations
    assert why in found.unknown


def test_a_model_of_a_class_of_its_own_is_told_what_draws():
    model = type("Net", (type("Model", (), {"__module__": "keras.src.models.model"}),), {})()
    with pytest.raises(
        ValueError,
        match=r"must be a Keras model that is Sequential or Functional, got Net; the list",
    ):
        Weights.from_model(model)


def linked(file):
    import h5py

    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/other.h5", "/secret")


def outside(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset(
        "0", shape=(6, 5), dtype="f4", external=[("/etc/hostname", 0, 120)]
    )


def endless(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars"].create_dataset(
        "0", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(9, 9)
    )


def added(file):
    file["layers/conv2d/vars/0"] = np.ones((3, 3, 1, 2))


@pytest.mark.needs("h5py")
@pytest.mark.parametrize(
    ("parts", "change", "text"),
    [
        ([FIRST, SECOND], linked, "is no whole Keras file: its arrays lack 0"),
        ([FIRST, SECOND], outside, "is no whole Keras file: /layers/dense/vars/0 is not in it"),
        ([FIRST, SECOND], endless, "is no whole Keras file: /layers/dense/vars/0 is not in it"),
        ([FIRST, SECOND, dense("three")], lambda file: file.__delitem__("layers/dense_2"),
         "is no whole Keras file: its arrays lack layers/dense_2/vars"),
        ([layer("Conv2D"), FIRST, SECOND], lambda file: added(file),
         r"layer 'conv2d' \(Conv2D\) must be a fully connected layer"),
        ([FIRST, {**SECOND, "inbound_nodes": [{"keras_history": ["elsewhere", 0, 0]}]}],
         lambda _: None, r"layer 'two' \(Dense\) must take what the layer before it gives"),
        ([layer("Dropout")], lambda _: None, "a.keras must have a fully connected layer, got none"),
    ],
)  # fmt: skip
def test_what_is_no_chain_or_not_in_the_file_is_refused(tmp_path, layers, parts, change, text):
    dense_ones = [part for part in parts if part["class_name"] == "Dense"]
    arrays = [*layers, layers[1]][: len(dense_ones)]
    path = written(tmp_path / "a.keras", arrays, *parts, change=change)
    with pytest.raises(ValueError, match=rf"^from_model: .*{text}"):
        Weights.from_model(path)


@pytest.mark.needs("h5py")
@pytest.mark.parametrize("config", ["{", "[]", "{}", '{"config": {"layers": [3]}}'])
def test_a_damaged_description_is_one_sentence(tmp_path, config):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", b"no HDF5")
    with pytest.raises(ValueError, match=r"^from_model: \S*a.keras is no whole Keras file"):
        Weights.from_model(tmp_path / "a.keras")


@pytest.fixture
def keras(monkeypatch):
    """Keras with PyTorch below it."""
    if "KERAS_BACKEND" not in os.environ:
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras
@pytest.mark.needs("keras")
@pytest.mark.needs("torch")
@pytest.mark.needs("h5py")
@pytest.mark.parametrize("functional", [False, True])
def test_a_model_and_its_file_compute_what_keras_does(tmp_path, keras, functional):
    parts = [
        keras.Input((2, 4)),
        keras.layers.Flatten(),
        keras.layers.Dense(7, activation="tanh", name="first"),
        keras.layers.Dense(3, activation="softmax"),
    ]
    if functional:
        start, at = parts[0], parts[0]
        for part in parts[1:]:
            at = part(at)
        model = keras.Model(start, at)
    else:
        model = keras.Sequential(parts)
    x = np.random.default_rng(0).normal(size=(20, 2, 4)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(model(x))
    model.save(tmp_path / "a.keras")
    for each in (model, tmp_path / "a.keras"):
        network = Network.from_model(each)
        np.testing.assert_allclose(network.forward(x), expected, atol=1e-5)
        assert network.shape == (2, 4)


@pytest.mark.needs("h5py")
def test_what_a_layer_is_called_makes_no_second_line(tmp_path, layers):
    odd = {**dense("one"), "class_name": "Dense\r\n"}
    place = "layers/dense\r\n/vars"

    def change(file):
        file[place]["0"] = layers[0][0]

    path = written(tmp_path / "a.keras", layers, odd, change=change)
    with pytest.raises(ValueError, match=r"layer 'one' \('Dense\\r\\n'\) must be a fully"):
        Weights.from_model(path)
