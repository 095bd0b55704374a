"""The fast path in tf32: of a network with one hidden layer, its two products of pixels on tensor cores.

Pixels are exact there, less an integer; only weights and deltas are rounded. The other products stay in
float32. On the emulated GPU; test_cuda_tf32.py has the products of the layers' kernels.
"""

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, Network

# Of a hidden layer of 18.
PATHS = {
    "a cluster, 4 units": dict(),
    "a cluster, 8 units": dict(ranks=4),
    "a cluster, 16 units": dict(ranks=2),
    "a grid, 4 units": dict(cluster=False),
    "a grid, 2 units": dict(cluster=False, ranks=32),
}
FEATURES = [1, 16, 37, 150]


def take(emulated, path, features):
    """Emulate a GPU that takes that path, with so little memory that blocks have no more units."""
    emulated.emulate(**PATHS[path])
    info = Network((features, 18, 3), backend="cuda").backend_info()
    shared = 0
    while path.endswith(" 2 units") and not (
        info["fast"] and info["plan"]["shared"] + 512 < shared
    ):
        shared += 1 << 10
        emulated.emulate(**PATHS[path], shared=shared)
        info = Network((features, 18, 3), backend="cuda").backend_info()
    assert f" {info['plan']['units']} units" in path


def learned(backend, data, order, batch, optimizer, sizes, weights=(), **recipe):
    """Return a network that has learned, each layer's weights before, and the losses."""
    network = Network(sizes, backend=backend, **recipe)
    for layer, values in enumerate(weights):
        network.set_weights(layer, values)
    before = [network.get_weights(layer) for layer in range(2)]
    losses = network.learn(order, batch, dataset=data, optimizer=optimizer)
    return network, before, losses


def few_bits(rng, shape):
    """Return -1, 0 and 1, mostly 0: what is made of them in a step has few bits, too."""
    return rng.choice(np.float32([-1, 1] + 8 * [0]), shape)


# what is exact


@pytest.mark.parametrize("mean", [0, 1, 1.5])
@pytest.mark.parametrize("features", [*FEATURES, 1100])
@pytest.mark.parametrize("path", PATHS)
def test_numbers_of_few_bits_give_what_float32_gives_to_the_bit(emulated, path, features, mean):
    take(emulated, path, features)
    rng = np.random.default_rng(features)
    pixels = rng.integers(0, 3, (70, features), np.uint8)
    idle = rng.random(features) < 1 - 20 / features
    pixels[:, idle] = round(mean)  # x is 0 there, or 0.5
    data = Dataset(pixels, rng.integers(0, 3, 70), mean=mean, std=1)
    sizes, order = (features, 18, 3), rng.permutation(70)
    weights = [few_bits(rng, shape) for shape in [(1 + features, 18), (19, 3)]]
    weights[0][0] = 1
    weights[0][1:][idle] = 0
    found = {}
    for backend in ("cuda", "cuda-tf32"):
        network, before, losses = learned(
            backend, data, order, 70, SGD(1.0), sizes, weights,
            activation="relu", output="identity", reduction="sum",
        )  # fmt: skip
        assert network.backend_info()["fast"]
        found[backend] = [losses, *(network.get_weights(layer) for layer in range(2))]
    assert np.mean(found["cuda"][1][1:][~idle] != before[0][1:][~idle]) > 0.2
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_array_equal(one, other)


# the bound of Network's docstring


def bound(products):
    """By how much of the sum of (|x| + 1 / std) |w| such a sum of products may be off."""
    return 2**-10 + (products + 1) * 2**-22


@pytest.mark.parametrize("mean", [-3, 0, 33.3285, 127.5, 300])
@pytest.mark.parametrize("features", FEATURES)
def test_sums_of_pixels_and_weights_are_within_the_bound(emulated, features, mean):
    """A hidden unit of a ReLU is told by the loss, where its square is all of that."""
    emulated.emulate()
    rng = np.random.default_rng(features)
    data = Dataset(
        rng.integers(0, 256, (90, features), np.uint8), np.zeros(90, int), mean=mean, std=80
    )
    x = (data.images.reshape(90, features).astype(np.float64) - mean) / 80
    lower = rng.normal(size=(1 + features, 1)).astype(np.float32)
    lower[0] = -np.median(x @ lower[1:])  # half of them are above 0
    upper = np.array([[1, 0], [0, 1]], np.float32)  # of class 0, which all are, the output is 1
    _, _, losses = learned(
        "cuda-tf32", data, np.arange(90), 1, SGD(1e-35), (features, 1, 2), [lower, upper],
        activation="relu", output="identity", reduction="sum",
    )  # fmt: skip
    z = x @ lower[1:, 0].astype(np.float64) + lower[0, 0]
    size = (abs(x) + 1 / 80) @ abs(lower[1:, 0]) + abs(lower[0, 0])
    most = bound(1 + features) * size
    unit = np.sqrt(np.asarray(losses, np.float64))
    assert np.count_nonzero(unit) > 20
    assert np.all(abs(unit - np.maximum(z, 0)) <= most + 1e-6 * abs(z))
    assert np.max(abs(unit - np.maximum(z, 0)) / most) > 1e-2  # float32 would be below


@pytest.mark.parametrize("mean", [-3, 0, 33.3285, 127.5, 300])
@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("path", PATHS)
def test_gradients_of_pixels_are_within_the_bound(emulated, path, features, mean):
    """Where hidden units are 1 whatever the pixels are, all deltas are those of float32."""
    take(emulated, path, features)
    rng = np.random.default_rng(features)
    data = Dataset(
        rng.integers(0, 256, (70, features), np.uint8), rng.integers(0, 3, 70), mean=mean, std=80
    )
    lower = np.zeros((1 + features, 18), np.float32)
    lower[0] = 1
    upper = rng.normal(size=(19, 3)).astype(np.float32)
    network, before, _ = learned(
        "cuda-tf32", data, np.arange(70), 70, SGD(1.0), (features, 18, 3), [lower, upper],
        activation="relu", output="softmax", loss="cross_entropy",
    )  # fmt: skip
    assert network.backend_info()["fast"]
    gradient = (before[0] - network.get_weights(0))[1:].astype(np.float64)
    z = upper.astype(np.float64).sum(axis=0)
    above = np.exp(z) / np.exp(z).sum() - np.eye(3)[data.labels]
    deltas = above @ upper[1:].T.astype(np.float64) / 70
    x = (data.images.reshape(70, features).astype(np.float64) - mean) / 80
    most = (bound(70) + 2**-18) * ((abs(x) + 1 / 80).T @ abs(deltas))
    error = abs(gradient - x.T @ deltas)
    assert np.all(error <= most)
    assert np.max(error / most) > 1e-2  # float32 would be below


# the same bits


@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9), Adam(0.01, eps=1e-5)], ids=repr)
@pytest.mark.parametrize("sizes", [(37, 18, 3), (150, 14, 5), (1100, 7, 3)], ids=str)
def test_neither_threads_nor_memory_nor_calls_change_a_bit(emulated, sizes, optimizer):
    rng = np.random.default_rng(0)
    data = Dataset(rng.integers(0, 256, (365, sizes[0]), np.uint8), rng.integers(0, 3, 365))
    order, prints, plans = rng.permutation(365), set(), []

    def learn(steps=8, **emulation):
        emulated.emulate(**emulation)
        network = Network(sizes, backend="cuda-tf32")
        for part in np.split(order, range(100 * steps, 365, 100 * steps)):
            network.learn(part, 100, dataset=data, optimizer=optimizer)
        prints.add(network.fingerprint())
        return network.backend_info()

    for emulation in [
        dict(schedule="reverse"),
        dict(schedule="shuffled", seed=1),
        dict(schedule="shuffled", seed=2, counted=False),
        dict(cluster=False),
        dict(steps=1),
        dict(steps=2, patience=1.0),
    ]:
        assert learn(**emulation)["fast"]
    shared = 227 << 10
    for _ in range(3):
        plan = learn(shared=shared)["plan"]
        plans.append((plan["group"], plan["stages"]))
        shared = plan["shared"] - 1
    assert plans == [(64, 2), (32, 2), (32, 1)]
    assert len(prints) == 1


# what it learns, and what is told


@pytest.mark.parametrize("mean", [None, -3, 300])
@pytest.mark.parametrize("path", PATHS)
def test_a_network_learns_nearly_what_it_learns_in_float32(emulated, path, mean):
    take(emulated, path, 37)
    rng = np.random.default_rng(0)
    chosen = {} if mean is None else dict(mean=mean, std=80)
    data = Dataset(rng.integers(0, 256, (150, 37), np.uint8), rng.integers(0, 3, 150), **chosen)
    order, found = rng.permutation(150), []
    for backend in ("cuda", "cuda-tf32"):
        network, before, _ = learned(backend, data, order, 33, SGD(0.1, 0.9), (37, 18, 3))
        found.append([network.get_weights(layer) for layer in range(2)])
    for mine, theirs, start in zip(*found, before, strict=True):
        update = np.linalg.norm(theirs - start)
        assert 1e-6 * update < np.linalg.norm(mine - theirs) < 2e-3 * update


@pytest.mark.usefixtures("emulated")
@pytest.mark.parametrize("name", ["cuda-tf32", "cuda-tf32:0"])
def test_the_name_and_the_way_are_told(name):
    network = Network((20, 9, 3), backend=name)
    pixels = Dataset(np.ones((40, 20), np.uint8), np.zeros(40, int), mean=0, std=1)
    network.learn(np.arange(40), 8, dataset=pixels, optimizer=SGD(0.1))
    info = network.backend_info()
    assert (network.backend, info["backend"]) == (name, name)
    assert (info["fast"], info["why_not"], info["tf32"]) == (True, None, True)
    assert info["launches"] == {"epoch": 1, "tally": 1}
    floats = Dataset(np.ones((40, 20), np.float32), np.zeros(40, int))
    network.learn(np.arange(40), 8, dataset=floats, optimizer=SGD(0.1))
    info = network.backend_info()
    assert (info["fast"], info["why_not"]) == (False, "floats")
    assert info["launches"]["update"] == 10
