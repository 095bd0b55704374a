"""A network goes out as ONNX: runtimes compute what it does, and it comes back."""

import errno
import os

import numpy as np
import pytest

from cutaway import SGD, Adam, DataLoader, Dataset, Network, OneCycle, fit, save

pytestmark = pytest.mark.needs("onnx")
RNG = np.random.default_rng(0)
PIXELS = Dataset(RNG.integers(0, 256, (40, 2, 3), np.uint8), np.arange(40) % 3)


@pytest.fixture
def run(tmp_path):
    """Save a network, and compute rows with ONNX Runtime."""
    runtime = pytest.importorskip("onnxruntime")

    def outputs(network, x):
        save(network, tmp_path / "m.onnx")
        session = runtime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
        (result,) = session.run(["output"], {"x": x})
        return result

    return outputs


@pytest.mark.needs("onnxruntime")
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity", "relu", "tanh"])
@pytest.mark.parametrize(
    "activation", ["sigmoid", "relu", "tanh", "identity", ("relu", "tanh", "sigmoid"), ()]
)
def test_a_runtime_computes_what_the_network_does(run, activation, output):
    hidden = (5,) * (1 if isinstance(activation, str) else len(activation))
    network = Network((6, *hidden, 3), activation=activation, output=output)
    x = RNG.normal(size=(9, 6)).astype(np.float32)
    np.testing.assert_allclose(run(network, x), network.forward(x), atol=1e-6)


@pytest.mark.needs("onnxruntime")
def test_a_network_that_learned_from_pixels_takes_bytes(run):
    network = Network((6, 5, 3))
    fit(network, DataLoader(PIXELS), optimizer=SGD(0.5), epochs=3)
    np.testing.assert_allclose(run(network, PIXELS.images), network.forward(PIXELS), atol=1e-6)
    with pytest.raises(Exception, match="Unexpected input data type"):
        run(network, PIXELS.images.astype(np.float32))


@pytest.mark.needs("onnxruntime")
def test_the_test_digits_as_bytes_are_what_the_network_says(run, mnist):
    train_set, _, test_set = mnist
    network = Network((784, 64, 10), output="softmax", loss="cross_entropy", backend="cpu")
    loader = DataLoader(train_set, 64, shuffle=True)
    fit(network, loader, optimizer=Adam(3e-3), schedule=OneCycle(), epochs=1)
    assert test_set.images.dtype == np.uint8
    assert len(test_set) == 10_000
    found = run(network, test_set.images)
    assert np.abs(found - network.forward(test_set.images)).max() <= 1e-5
    assert (found.argmax(axis=1) == network.predict(test_set.images)).all()


def test_it_comes_back_with_its_weights_activations_mean_and_std(tmp_path):
    network = Network((6, 5, 3), activation="tanh", output="softmax", loss="cross_entropy")
    fit(network, DataLoader(PIXELS), optimizer=SGD(0.5), epochs=1)
    save(network, tmp_path / "m.onnx")
    back = Network.from_model(tmp_path / "m.onnx")
    assert back.fingerprint() == network.fingerprint()
    assert back.architecture == network.architecture
    assert (back.mean, back.std, back.pixels) == (
        pytest.approx(network.mean), pytest.approx(network.std), True
    )  # fmt: skip


def test_the_names_of_classes_stand_in_the_metadata(tmp_path):
    import onnx

    network = Network((6, 2))
    network.class_names = ("T-shirt", "Größe")
    save(network, tmp_path / "m.onnx")
    (prop,) = onnx.load(tmp_path / "m.onnx").metadata_props
    assert (prop.key, prop.value) == ("class_names", '["T-shirt", "Gr\\u00f6\\u00dfe"]')


def test_the_file_is_whole_or_the_older_one(tmp_path, monkeypatch):
    network, path = Network((6, 2)), tmp_path / "m.onnx"
    save(network, path)
    before = path.read_bytes()
    assert b"written by cutaway" in before

    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        save(Network((6, 3)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
