"""Any model is read, and a file is told by its content, whatever its name."""

import os
import pickle
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from cutaway import Network, Weights, grid, save


def flat(layers):
    return [array for layer in layers for array in layer]


def test_arrays_are_a_model(layers, same):
    (first, a), (second, b) = layers
    same(Weights.from_model([first, a, second, b]))
    same(Weights.from_model(([first, second], [a, b])))  # coefs_, intercepts_
    same(Weights.from_model({"W1": first.T, "b1": a, "W2": second.T, "b2": b}))
    alone = Weights.from_model([first, second])
    assert [bias.tolist() for bias in alone.biases] == [[0] * 5, [0] * 3]


def files(folder, layers):
    """The files of a model, under names that tell nothing."""
    (first, a), (second, b) = layers
    arrays = {"W1": first, "b1": a, "W2": second, "b2": b}
    paths = {kind: folder / f"{kind}.file" for kind in ("npz", "safetensors", "ours")}
    with paths["npz"].open("wb") as file:
        np.savez(file, **arrays)
    safetensors.numpy.save_file(arrays, paths["safetensors"])
    network = Network((6, 5, 3))
    network.load_state_dict(arrays)
    network.shape = (2, 3)
    save(network, paths["ours"])
    return paths


@pytest.mark.parametrize("kind", ["npz", "safetensors", "ours"])
def test_a_file_is_told_by_its_content(tmp_path, layers, same, kind):
    path = files(tmp_path, layers)[kind]
    found = same(Weights.from_model(path))
    assert found.source == path.name
    assert same(Weights.from_model(str(path))).sizes == (6, 5, 3)
    if kind == "ours":
        assert (found.activations, found.shape) == (("sigmoid", "sigmoid"), (2, 3))
    else:
        assert found.activations is None
        assert found.unknown


def test_one_array_in_a_file_is_a_layer(tmp_path, layers):
    np.save(tmp_path / "a.npy", layers[0][0])
    with pytest.raises(
        ValueError, match=r"layout must be 'in,out' or 'out,in' for 'a\.npy' \(6, 5"
    ):
        Weights.from_model(tmp_path / "a.npy")
    found = Weights.from_model(tmp_path / "a.npy", layout="in,out")
    np.testing.assert_array_equal(found.weights[0], layers[0][0])


def test_a_safetensors_file_of_pytorchs_has_pytorchs_layout(tmp_path, layers):
    square = layers[0][0][:5]
    path = tmp_path / "a.safetensors"
    safetensors.numpy.save_file({"w": square}, path, metadata={"format": "pt"})
    np.testing.assert_array_equal(Weights.from_model(path).weights[0], square.T)
    given = Weights.from_model(path, layout="in,out")
    np.testing.assert_array_equal(given.weights[0], square)


@pytest.mark.needs("torch")
def test_numbers_that_numpy_has_not_are_told(tmp_path):
    import torch
    from safetensors.torch import save_file

    save_file({"w": torch.ones(3, 2).bfloat16()}, tmp_path / "a.safetensors")
    told = r"a\.safetensors is no .* 'w' must be of .*, got BF16; save it as float32"
    with pytest.raises(ValueError, match=told):
        Weights.from_model(tmp_path / "a.safetensors")


class Code:
    """What a pickle could do."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.weights", "model.pth"])
def test_a_pickle_is_refused_with_the_line_that_makes_safetensors_of_it(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Code()))
    line = "torch.load('model.pth', weights_only=True)" if name.endswith("h") else "pickle.load("
    with pytest.raises(ValueError, match=f"^from_model: {name} can hold code, and is not") as error:
        Weights.from_model(path)
    assert line in str(error.value)
    assert "'model.safetensors'" in str(error.value)


def test_a_file_of_torch_save_is_refused_without_torch(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.bin", "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Code()))
    with pytest.raises(
        ValueError, match=r"s\.save_file\(torch\.load\('model\.bin', weights_only=True\)"
    ):
        Weights.from_model(tmp_path / "model.bin")


@pytest.mark.needs("torch")
def test_the_line_for_pytorchs_files_does_it(tmp_path, monkeypatch, same, layers):
    import torch

    monkeypatch.chdir(tmp_path)
    state = {f"lin{n}.{kind}": torch.from_numpy(array.T.copy())
             for n, layer in enumerate(layers)
             for kind, array in zip(("weight", "bias"), layer, strict=True)}  # fmt: skip
    torch.save(state, "model.pt")
    with pytest.raises(ValueError, match="if you trust it: ") as error:
        Weights.from_model("model.pt")
    exec(str(error.value).partition("if you trust it: ")[2], {})
    same(Weights.from_model("model.safetensors"))


@pytest.mark.needs("sklearn")
def test_the_line_for_pickles_does_it(tmp_path, monkeypatch):
    from sklearn.neural_network import MLPClassifier

    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).normal(size=(30, 6)), np.arange(30) % 3
    model = MLPClassifier((5,), solver="lbfgs", max_iter=3000, random_state=0).fit(x, y)
    with open("model.pkl", "wb") as file:  # noqa: PTH123
        pickle.dump(model, file)
    with pytest.raises(ValueError, match="if you trust it: ") as error:
        Weights.from_model("model.pkl")
    with pytest.warns(ResourceWarning):  # it is one line
        exec(str(error.value).partition("if you trust it: ")[2], {})
    network = Network.from_model("model.safetensors")
    np.testing.assert_allclose(network.forward(x), model.predict_proba(x), atol=1e-5)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is no model that is read"),
        (b"a letter", "is no model that is read"),
        (b"PK\3\4 and no more", "is damaged"),
        (b"\x93NUMPY and no more", "holds no plain arrays"),
        (bytes([60, 0, 0, 0, 0, 0, 0, 0]) + b"{}", "is no safetensors file"),
        (b"\x89HDF\r\n\x1a\n", r"is an older Keras file; keras.models.load_model\('a.file'\)"),
    ],
)
def test_what_is_no_whole_model_is_refused_by_its_name(tmp_path, content, text):
    (tmp_path / "a.file").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^from_model: \S*/a\.file {text}"):
        Weights.from_model(tmp_path / "a.file")


def test_an_array_that_is_damaged_is_named(tmp_path, layers):
    np.savez_compressed(tmp_path / "a.npz", W1=layers[0][0], W2=layers[1][0])
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        at = archive.getinfo("W2.npy").header_offset + 80  # within what zlib reads
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[at] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(data)
    (tmp_path / "b.npy").write_bytes(b"\x93NUMPY\1\0\3\0'''")
    for name, array in (("a.npz", "W2"), ("b.npy", "b.npy")):
        told = rf"^from_model: \S*/{name} holds no plain arrays: '{array}' is damaged: "
        with pytest.raises(ValueError, match=told):
            Weights.from_model(tmp_path / name)


def test_an_npz_that_says_that_it_is_huge_takes_no_memory(tmp_path):
    line = b"{'descr': '<f4', 'fortran_order': False, 'shape': (30000, 30000)}\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("W.npy", b"\x93NUMPY\1\0" + len(line).to_bytes(2, "little") + line)
    with pytest.raises(ValueError, match="'W' is damaged: it says 3600000000 bytes, and has 0"):
        Weights.from_model(tmp_path / "a.npz")


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(OSError, match="Is no regular file"):
        Weights.from_model(tmp_path / "a.npz")


def test_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", W=np.array([Code(), None]))
    with pytest.raises(
        ValueError,
        match=r"^from_model: \S*/a.npz holds no plain arrays: 'W' holds Python objects, which",
    ):
        Weights.from_model(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("content", "library"), [(b"\x08\x09\x12\x07pytorch", "onnx"), (None, "h5py")]
)
def test_a_library_that_is_needed_and_missing_is_named(tmp_path, monkeypatch, content, library):
    path = tmp_path / "a.file"
    if content is not None:
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.weights.h5", b"")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=f"^from_model: .* pip install {library}$"):
        Weights.from_model(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        Weights.from_model(tmp_path / "nothing.npz")


@pytest.mark.parametrize("kind", ["<U1", [("f0", "f4")], complex, "M8[s]", np.longdouble])
def test_other_numbers_of_a_file_are_no_wrong_argument(tmp_path, kind):
    np.save(tmp_path / "a.npy", np.zeros((2, 3), kind))
    np.savez(tmp_path / "a.npz", W1=np.zeros((2, 3), kind))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ValueError, match=rf"^from_model: .*{name}: .* must be real numbers"):
            Weights.from_model(tmp_path / name)


@pytest.mark.parametrize("model", [3, None, object(), [1, 2], "tests"])
def test_what_is_no_model_is_told_what_is(model, tmp_path):
    model = tmp_path if model == "tests" else model
    kinds = (TypeError, IsADirectoryError)
    with pytest.raises(kinds, match=r"model must be a Network, a PyTorch module|directory"):
        Weights.from_model(model)


def test_grid_and_neuron_draw_the_first_layer_of_any_model(tmp_path, layers):
    from cutaway import neuron

    paths = files(tmp_path, layers)
    one, other = (np.asarray(grid(paths[kind])) for kind in ("npz", "safetensors"))
    np.testing.assert_array_equal(one, np.asarray(grid(layers[0][0])))
    np.testing.assert_array_equal(one, other)
    as_images = np.asarray(grid(layers[0][0], shape=(2, 3)))
    np.testing.assert_array_equal(np.asarray(grid(paths["ours"])), as_images)
    np.testing.assert_array_equal(
        np.asarray(neuron(flat(layers), 2)), np.asarray(neuron(layers[0][0], 2))
    )


def test_weights_have_a_short_repr(tmp_path, layers):
    paths = files(tmp_path, layers)
    found = Weights.from_model(paths["npz"])
    assert repr(found) == "Weights(6-5-3, activations unknown, of npz.file)"
    found = Weights.from_model(paths["ours"])
    assert repr(found) == "Weights(6-5-3, sigmoid sigmoid, of ours.file)"


def test_in_a_notebook_weights_are_their_first_layer(layers):
    html = Weights.from_model(flat(layers))._repr_html_()
    assert "data:image/png;base64," in html
    assert "Weights(6-5-3, activations unknown, of a list of arrays)" in html
