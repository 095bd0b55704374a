"""Checkpoints: a network comes back to the bit, or the file is refused."""

import errno
import hashlib
import os
import re
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from cutaway import SGD, Adam, CheckpointError, DataLoader, Dataset, Network, fit, load, save

RNG = np.random.default_rng(0)
DATA = Dataset(RNG.integers(0, 256, (60, 2, 2), np.uint8), RNG.integers(0, 2, 60))

NETWORKS = [
    {"sizes": (4, 2)},
    {"sizes": (4, 5, 2), "output": "softmax", "loss": "cross_entropy", "reduction": "sum"},
    {"sizes": (4, 6, 5, 2), "activation": ("relu", "tanh"), "loss": "binary_cross_entropy"},
]
OPTIMIZERS = [SGD(0.1, momentum=0.9), Adam(0.01, betas=(0.8, 0.9), weight_decay=0.1)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(path):
    """A small file with everything in it."""
    network = Network((4, 3, 2))
    fit(network, DataLoader(DATA), optimizer=Adam(), epochs=1)
    save(network, path)
    return path.read_bytes()


def same(a, b):
    return {k: v.tobytes() for k, v in a.items()} == {k: v.tobytes() for k, v in b.items()}


@pytest.mark.parametrize("settings", NETWORKS)
def test_a_network_comes_back_to_the_bit(path, settings):
    network = Network(**settings, seed=7)
    fit(network, DataLoader(DATA), optimizer=SGD(0.1), epochs=1)
    save(network, path)
    loaded = load(path)
    assert same(network.state_dict(), loaded.state_dict())
    assert loaded.architecture == network.architecture
    assert (loaded.mean, loaded.std) == (network.mean, network.std) == (DATA.mean, DATA.std)
    assert (loaded.pixels, loaded.shape) == (network.pixels, network.shape) == (True, (2, 2))
    np.testing.assert_array_equal(loaded.forward(DATA.images), network.forward(DATA.images))


def test_a_network_that_has_not_learned_comes_back_too(path):
    network = Network((4, 3, 2))
    save(network, path)
    loaded = load(path)
    assert loaded.fingerprint() == network.fingerprint()
    assert loaded.mean is loaded.std is loaded.shape is loaded.optimizer is None


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_training_goes_on_from_a_file_as_if_it_had_never_stopped(path, optimizer):
    def loader():
        return DataLoader(DATA, 8, shuffle=True, seed=3)

    straight = Network((4, 5, 2))
    fit(straight, loader(), optimizer=optimizer, epochs=2)

    stopped, orders = Network((4, 5, 2)), loader()
    fit(stopped, orders, optimizer=optimizer, epochs=1)
    save(stopped, path)
    resumed = load(path)
    assert resumed.optimizer == optimizer
    fit(resumed, orders, optimizer=resumed.optimizer, epochs=1)

    assert resumed.fingerprint() == straight.fingerprint()
    expected = straight.optimizer_state()
    assert expected["step"] == 2 * 8
    for name, values in resumed.optimizer_state().items():
        np.testing.assert_array_equal(values, expected[name])


def test_a_file_of_version_0_1_0_goes_on_as_it_did_there():
    """Fingerprints and predictions are those that 0.1.0 printed."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (20, 2, 3), np.uint8), rng.integers(0, 2, 20))
    network = load(Path(__file__).with_name("model-0.1.0.safetensors"), backend="cpu")
    assert network.architecture.activations == ("tanh", "softmax")
    assert (network.mean, network.std) == (data.mean, data.std) == (135.55, 73.94264105823288)
    assert network.pixels is network.shape is None
    assert network.optimizer == Adam(0.01, betas=(0.9, 0.99))
    assert network.optimizer_state()["step"] == 3
    assert network.fingerprint().startswith("be1bfd9b0debb6a1")
    expected = load(Path(__file__).with_name("model-0.1.0.safetensors"), backend="numpy")
    for each in (network, expected):
        each.learn(np.arange(20), 8, dataset=data, optimizer=network.optimizer)
    assert network.predict(data.images).tolist() == [
        0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1
    ]  # fmt: skip
    np.testing.assert_allclose(network.weights[0], expected.weights[0], rtol=1e-4)


def test_backend_and_threads_are_chosen_anew(path):
    network = Network((4, 3, 2), threads=2)
    save(network, path)
    loaded = load(path, backend="numpy")
    assert loaded.backend == "numpy"
    assert loaded.fingerprint() == network.fingerprint()
    assert load(path, threads=3).threads == 3


def test_numbers_of_numpy_in_the_settings_are_numbers(path):
    network = Network((4, 3, 2))
    fit(network, DataLoader(DATA), optimizer=Adam(np.float32(0.25)), epochs=1)
    save(network, path)
    assert load(path).optimizer == Adam(0.25)


def test_other_tools_read_the_weights(path):
    network = Network((4, 3, 2))
    save(network, path)
    assert same(safetensors.numpy.load_file(path), network.state_dict())


def test_other_tools_are_told_whose_layout_the_tensors_have(path):
    save(Network((4, 3, 2)), path)
    with safetensors.safe_open(path, framework="np") as file:
        assert file.metadata()["format"] == "pt"


def test_a_network_with_more_layers_than_fingers_comes_back(path):
    network = Network((4, *[3] * 11, 2), seed=1)  # 10 stands before 2 in the file
    save(network, path)
    assert load(path).fingerprint() == network.fingerprint()


@pytest.mark.usefixtures("saved")
def test_a_file_of_format_2_is_read(path):
    def renamed(old, new):
        return sealed(old, new)(path.read_bytes())

    expected = load(path)
    for old, new in (
        (b'"format":"pt"', b'"_ormat":"pt"'),
        (b'"cutaway.format":"3"', b'"format":"2"        '),
        (b'"2.weight"', b'"1.weight"'),
        (b'"2.bias"', b'"1.bias"'),
    ):
        path.write_bytes(renamed(old, new))
    assert load(path).fingerprint() == expected.fingerprint()
    assert load(path).optimizer_state()["step"] == expected.optimizer_state()["step"]


def test_without_onnx_no_onnx_is_written_and_told_why(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"^save: .* pip install 'cutaway\[onnx\]'$"):
        save(Network((4, 2)), tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_short_anywhere_is_refused_by_its_name(path, saved):
    for length in range(len(saved)):
        path.write_bytes(saved[:length])
        with pytest.raises(ValueError, match=r"^load: \S+/model\.safetensors "):
            load(path)


def test_a_file_changed_by_one_bit_anywhere_is_refused_by_its_name(path, saved):
    for place, byte in enumerate(saved):
        changed = bytes([byte ^ 1 << place % 8])
        path.write_bytes(saved[:place] + changed + saved[place + 1 :])
        with pytest.raises(ValueError, match=r"^load: \S+/model\.safetensors "):
            load(path)


def sealed(old, new):
    """Return what changes a file and gives it the right SHA-256 again, as an attacker could."""

    def change(data):
        assert old in data
        length = int.from_bytes(data[:8], "little")
        header = re.sub(
            rb'(?<="sha256":")\w{64}', b"0" * 64, data[8 : 8 + length].replace(old, new)
        )
        data = len(header).to_bytes(8, "little") + header + data[8 + length :]
        digest = hashlib.sha256(data).hexdigest().encode()
        return data.replace(b'"sha256":"' + b"0" * 64, b'"sha256":"' + digest)

    return change


def typed(name):
    """Return a file with one tensor of another type."""
    header = b'{"a":{"dtype":"%s","shape":[4,%d],"data_offsets":[0,8]}}'
    size = 1 if name in ("BF16",) else 2
    header %= name.encode(), size
    return len(header).to_bytes(8, "little") + header + b"\0" * 8


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda _: b"", "is no safetensors file"),
        (lambda data: data + b"\0", "is no safetensors file"),
        (lambda _: safetensors.numpy.save({"x": np.ones(3)}), "is no checkpoint of cutaway"),
        (sealed(b'format":"3"', b'format":"4"'), "has format 4, this version reads 1 to 3"),
        (sealed(b'{\\"sizes', b'{\\"sixes'), "describes no network that can be"),
        (sealed(b"[4, 3, 2]", b"[4,3,999]"), "describes no network that can be"),
        (sealed(b'\\"adam\\"', b'\\"atom\\"'), "describes no network that can be"),
        (sealed(b"[2, 2]", b"[2,{}]"), "describes no network that can be"),
        (sealed(b'\\"whole\\": ', b'\\"deep\\": ' + b"[" * 5000), "describes no network"),
        *(
            (sealed(b'\\"mean\\": ', b'\\"mean\\": %s, \\"m\\": ' % value), "describes no network")
            for value in (b"NaN", b"Infinity", b"[[]]", b"1" + b"0" * 400)
        ),
        *(
            (
                sealed(b'\\"sizes\\": ', b'\\"sizes\\": %s, \\"s\\": ' % value),
                "describes no network",
            )
            for value in (b"null", b"[]", b"[1e999, 3]", b"[4, -3, 2]", b"4")
        ),
        (sealed(b'"dtype":"F32"', b'"dtype":"BF16"'), "is no safetensors file that NumPy reads"),
        (
            sealed(b'"__metadata__":{', b'"__metadata__":{"deep":' + b"[" * 5000),
            "is no safetensors",
        ),
        *(
            (lambda _, name=name: typed(name), f".* must be of a type among .*, got {name}")
            for name in ("BF16", "F8_E4M3", "F8_E5M2")
        ),
    ],
)
def test_what_is_no_whole_checkpoint_is_refused_by_its_name(path, saved, change, text):
    path.write_bytes(change(saved))
    with pytest.raises(CheckpointError, match=rf"^load: \S+/model\.safetensors {text}"):
        load(path)


def test_a_file_that_is_no_regular_one_or_says_more_than_it_has_is_refused_unread(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match="Is no regular file"):
        load(path)
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room
    with pytest.raises((CheckpointError, MemoryError), match="safetensors"):
        load(path)


def test_whoever_loads_while_others_save_gets_one_of_the_networks_whole(path):
    networks = [Network((4, 3, 2), seed=seed) for seed in range(3)]
    known = {network.fingerprint() for network in networks}
    save(networks[0], path)
    failures = []

    def save_again(network):
        try:
            for _ in range(60):
                save(network, path)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=save_again, args=(n,)) for n in networks[1:]]
    for thread in threads:
        thread.start()
    loads = 0
    while any(thread.is_alive() for thread in threads):
        assert load(path).fingerprint() in known
        loads += 1
    assert (failures, loads > 10) == ([], True)
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_file_is_an_os_error(path):
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        load(path)


def test_a_missing_folder_is_an_os_error_naming_the_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        save(Network((4, 2)), tmp_path / "no" / "model.safetensors")
    assert caught.value.filename == str(tmp_path / "no" / "model.safetensors")


def test_a_save_that_fails_keeps_the_older_file(path, saved, monkeypatch):
    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        save(Network((4, 2)), path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == saved
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("saved")
def test_others_may_read_the_file_as_the_umask_says(path):
    other = path.with_name("other")
    other.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_the_names_of_classes_come_back(path):
    network = Network((4, 2))
    named = Dataset(DATA.images, DATA.labels, class_names=["T-shirt", "Größe"])
    fit(network, DataLoader(named), optimizer=SGD(0.1), epochs=1)
    save(network, path)
    assert load(path).class_names == ("T-shirt", "Größe")


def test_a_network_that_diverged_is_kept_and_told_as_such(path):
    network = Network((4, 3, 2), activation="relu", output="identity")
    with pytest.raises(RuntimeError, match="the loss must stay finite"):
        fit(network, DataLoader(DATA), optimizer=Adam(1e30), epochs=20)
    message = r"the network of .*model.safetensors has diverged: \S+ is not finite"
    with pytest.warns(UserWarning, match=f"^save: {message}"):
        save(network, path)
    with pytest.warns(UserWarning, match=f"^load: {message}"):
        loaded = load(path)
    assert loaded.fingerprint() == network.fingerprint()
