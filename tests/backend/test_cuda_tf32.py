"""Products in tf32, layer by layer: a GPU's tensor cores, on the emulated one.

test_contract.py has the exact backends, test_cuda_tf32_fast.py networks with one hidden layer.

The bound is that of Network's docstring: of a sum of n products x w, each operand is rounded by at most
2^-11 of itself, and hardware cuts off bits of the sum.
"""

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, DeviceError, Network

SIZES = [1, 7, 17, 33, 65, 129, 300]  # features, units or rows; none is a multiple of a tile
# With 1 there are tiles of 32, 64 and 128, with 1,000 of 32 only.
MULTIPROCESSORS = [1, 3, 1000]
SCHEDULES = [("forward", 0), ("reverse", 0), ("shuffled", 0), ("shuffled", 1)]


def bound(products):
    """By how much of the sum of |x w| such a sum of products may be off."""
    return 2**-10 + (products + 1) * 2**-22


def linear(features, units, backend="cuda-tf32", **recipe):
    """Return a network of one layer whose outputs are sums of products, and its weights with biases."""
    network = Network((features, units), output="identity", backend=backend, **recipe)
    rng = np.random.default_rng(features)
    weights = rng.normal(size=(1 + features, units)).astype(np.float32)
    network.set_weights(0, weights)
    return network, weights


def with_ones(x):
    """Return rows as float64 with a column of ones before them, for the biases."""
    return np.hstack([np.ones((len(x), 1)), x.astype(np.float64)])


def rounded(values):
    """Return the nearest numbers with 10 bits after the point; between two, either will do."""
    mantissa, exponent = np.frexp(np.asarray(values, np.float64))
    return np.ldexp(np.round(mantissa * 2**11) / 2**11, exponent)


# every element is within the bound


@pytest.mark.parametrize("multiprocessors", MULTIPROCESSORS)
@pytest.mark.parametrize("rows", SIZES)
def test_outputs_are_within_the_bound_and_those_of_rounded_operands(
    emulated, rows, multiprocessors
):
    emulated.emulate(multiprocessors=multiprocessors)
    rng = np.random.default_rng(rows)
    for features, units in [(1, 300), (7, 129), (17, 65), (33, 33), (65, 17), (129, 7), (300, 1)]:
        network, weights = linear(features, units)
        x = rng.normal(size=(rows, features)).astype(np.float32)
        found = network.forward(x)
        weights = weights.astype(np.float64)
        size = with_ones(abs(x)) @ abs(weights)
        assert np.all(abs(found - with_ones(x) @ weights) <= bound(1 + features) * size)
        # The bias is added, not multiplied.
        expected = rounded(x) @ rounded(weights[1:]) + weights[0]
        assert np.all(abs(found - expected) <= (2 + features) * 2**-24 * size)


def test_what_is_multiplied_was_rounded(emulated):
    """In float32 the errors are a hundred times smaller: a bound that any core keeps shows nothing."""
    emulated.emulate()
    x = np.random.default_rng(0).normal(size=(33, 65)).astype(np.float32)
    errors = {}
    for backend in ("cuda", "cuda-tf32"):
        network, weights = linear(65, 17, backend)
        exact = with_ones(x) @ weights.astype(np.float64)
        errors[backend] = np.linalg.norm(network.forward(x) - exact) / np.linalg.norm(exact)
    assert errors["cuda"] < 2**-20
    assert 2**-14 < errors["cuda-tf32"] < 2**-10


def slopes(network, x, labels):
    """Return the deltas of the layers of a network of sigmoids, in float64, from its own activations."""
    weights = [network.get_weights(layer).astype(np.float64) for layer in range(2)]
    hidden, output = (a.astype(np.float64) for a in network.activations(x))
    above = (output - np.eye(output.shape[1])[labels]) / len(x)
    return hidden, above, above @ weights[1][1:].T, abs(above) @ abs(weights[1][1:]).T


@pytest.mark.parametrize("multiprocessors", MULTIPROCESSORS)
@pytest.mark.parametrize(
    ("rows", "features", "hidden", "classes"),
    [(1, 7, 17, 33), (7, 1, 300, 2), (17, 129, 1, 7), (33, 65, 129, 17), (65, 300, 7, 129),
     (129, 17, 65, 3), (300, 33, 33, 65)],
)  # fmt: skip
def test_gradients_are_within_the_bound(emulated, rows, features, hidden, classes, multiprocessors):
    emulated.emulate(multiprocessors=multiprocessors)
    network = Network((features, hidden, classes), loss="binary_cross_entropy", backend="cuda-tf32")
    rng = np.random.default_rng(rows)
    x = rng.normal(size=(rows, features)).astype(np.float32)
    labels = rng.integers(0, classes, rows)
    _, (first, second) = network.backprop(x, labels)
    a, above, below, size = slopes(network, x, labels)
    near = 2**-20  # what float32 makes of the activations' slopes
    error, most = abs(second - with_ones(a).T @ above), with_ones(a).T @ abs(above)
    assert np.all(error <= (bound(rows) + near) * most + near * len(x) ** -1)
    slope = a * (1 - a)
    error = abs(first - with_ones(x).T @ (below * slope))
    # Of the deltas the product of Backprop was off by its bound, and then that of Update by its own.
    off = (1 + bound(rows)) * (bound(classes) + near) * size * slope + bound(rows) * abs(
        below
    ) * slope
    assert np.all(error <= with_ones(abs(x)).T @ (off + near / len(x) * slope))


# what is exact


@pytest.mark.parametrize("multiprocessors", MULTIPROCESSORS)
def test_numbers_of_few_bits_give_what_float32_gives_to_the_bit(emulated, multiprocessors):
    emulated.emulate(multiprocessors=multiprocessors, fast=False)
    rng = np.random.default_rng(0)
    x = rng.integers(-1, 2, (65, 33)).astype(np.float32)
    labels = rng.integers(0, 17, 65)
    weights = [rng.integers(-1, 2, shape).astype(np.float32) for shape in [(34, 129), (130, 17)]]
    results = []
    for backend in ("cuda", "cuda-tf32"):
        network = Network(
            (33, 129, 17), activation="relu", output="identity", reduction="sum", backend=backend
        )
        for layer in range(2):
            network.set_weights(layer, weights[layer])
        loss, gradients = network.backprop(x, labels)
        results.append((loss, network.forward(x), *gradients))
    assert np.any(results[0][2] != 0)
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_halves_are_rounded_to_one_side_and_all_else_to_the_nearest(emulated):
    emulated.emulate()
    ulp = 2.0**-10
    values = np.array(
        [1 + 0.499 * ulp, 1 + 0.501 * ulp, 1 + 0.5 * ulp, -1 - 1.4 * ulp, 2 - 0.1 * ulp]
    )
    expected = [{1}, {1 + ulp}, {1, 1 + ulp}, {-1 - ulp}, {2}]
    network, _ = linear(1, 1)
    network.set_weights(0, np.array([[0], [1]], np.float32))
    found = network.forward(values.astype(np.float32)[:, None])[:, 0]
    assert all(value in choice for value, choice in zip(found.tolist(), expected, strict=True))


def test_what_is_not_finite_and_what_is_tiny_goes_through_as_in_float32(emulated):
    emulated.emulate()
    odd = np.array(
        [np.nan, np.inf, -np.inf, 0.0, -0.0, 2.0**-126, 2.0**-133, -(2.0**-136), 2.0**127]
    )
    x = np.ones((len(odd), 33), np.float32)
    x[:, 20] = odd
    found = []
    for backend in ("cuda", "cuda-tf32"):
        network, _ = linear(33, 17, backend)
        weights = np.zeros((34, 17), np.float32)
        weights[21] = 1
        network.set_weights(0, weights)
        found.append(network.forward(x))
    np.testing.assert_array_equal(*found)
    quiet = np.frombuffer(np.uint32([0x7FFFFFFF, 0xFFFFFFFF]).tobytes(), np.float32)
    x = np.ones((2, 33), np.float32)
    x[:, 20] = quiet  # whose bits a careless rounding makes zero or infinite
    assert np.all(np.isnan(network.forward(x)))


# the same bits


def learned(recipe, optimizer, samples=70, batch=33, pixels=np.uint8):
    """Return a network that has learned, and the bits of all that came of it."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (samples, recipe["sizes"][0])).astype(pixels)
    data = Dataset(images, rng.integers(0, recipe["sizes"][-1], samples), mean=100, std=80)
    network = Network(**recipe, backend="cuda-tf32")
    losses = network.learn(rng.permutation(samples), batch, dataset=data, optimizer=optimizer)
    state = [v for _, v in sorted(network.optimizer_state().items())]
    parts = (losses, network.fingerprint().encode(), network.evaluate(data), *state)
    return network, b"".join(np.asarray(part).tobytes() for part in parts)


RECIPES = {
    "one hidden layer": (dict(sizes=(37, 19, 3)), SGD(0.1, momentum=0.9)),
    "deep": (dict(sizes=(33, 21, 70, 5), activation="tanh"), SGD(0.1, weight_decay=0.1)),
    "adam": (dict(sizes=(50, 35, 9), output="softmax", loss="cross_entropy"), Adam(0.01)),
    "wide": (dict(sizes=(33, 125, 121, 5), activation="relu"), SGD(0.01)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_whoever_comes_first_and_however_large_the_tiles_the_bits_are_the_same(emulated, name):
    results = set()
    for (schedule, seed), multiprocessors in zip(SCHEDULES, [1, 4, 20, 1000], strict=True):
        emulated.emulate(schedule, seed, multiprocessors=multiprocessors, fast=False)
        results.add(learned(*RECIPES[name])[1])
    assert len(results) == 1


@pytest.mark.parametrize(("schedule", "seed"), SCHEDULES)
def test_the_bits_of_every_product_are_the_same_with_every_tile(emulated, schedule, seed):
    results = set()
    for multiprocessors, side in [(1, 128), (4, 64), (16, 32)]:
        emulated.emulate(schedule, seed, multiprocessors=multiprocessors, fast=False)
        before = emulated.tiles()
        recipe = dict(sizes=(127, 125, 128), activation="tanh")
        results.add(learned(recipe, SGD(0.1), samples=240, batch=120)[1])
        after = emulated.tiles()
        taken = {key for key, n in after.items() if n > before.get(key, 0)}
        # Evaluation has all 240 rows at once.
        assert {name for name, of in taken if of == side} == {"forward", "backprop", "update"}
        assert {name for name, of in taken if of != side} <= {"forward"}
    assert len(results) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_a_network_learns_nearly_what_it_learns_in_float32(emulated, name):
    emulated.emulate(fast=False)
    recipe, optimizer = RECIPES[name]
    network, _ = learned(recipe, optimizer)
    start = Network(**recipe, backend="cuda")
    other = Network(**recipe, backend="cpu")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70, recipe["sizes"][0]))
    data = Dataset(images, rng.integers(0, recipe["sizes"][-1], 70), mean=100, std=80)
    other.learn(rng.permutation(70), 33, dataset=data, optimizer=optimizer)
    for layer in range(network.architecture.layers):
        before, mine, theirs = (n.get_weights(layer) for n in (start, network, other))
        update = np.linalg.norm(theirs - before)
        assert 1e-6 * update < np.linalg.norm(mine - theirs) < 2e-2 * update


def test_every_barrier_is_missed_when_it_is_left_out(emulated):
    def results(**fault):
        found = set()
        for schedule, seed in SCHEDULES:
            emulated.emulate(schedule, seed, multiprocessors=1, **fault)
            found.add(learned(*RECIPES["wide"])[1])
        return found

    right = results()
    barriers = {site for site in emulated.barriers() if site.startswith("product_tf32.h")}
    assert len(barriers) == 3
    assert [site for site in barriers if results(dropped=site) == right] == []


def test_steps_that_are_replayed_learn_as_steps_that_are_launched(emulated):
    prints = set()
    for part in (1, 20):
        emulated.emulate(fast=False)
        rng = np.random.default_rng(0)
        data = Dataset(rng.integers(0, 256, (200, 30), np.uint8), rng.integers(0, 3, 200))
        network = Network((30, 10, 3), backend="cuda-tf32")
        for start in range(0, 200, 5 * part):
            order = np.arange(start, start + 5 * part)
            network.learn(order, 5, dataset=data, optimizer=Adam())
        prints.add(network.fingerprint())
    assert len(prints) == 1


# the name


@pytest.mark.parametrize(
    "name", ["cuda-tf32:", "cuda-tf32:N", "cuda-tf32:00", "tf32", "cuda-bf16", "cuda:0-tf32"]
)
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match=r"backend (must be|'cuda-tf32:N' needs)"):
        Network((7, 5, 3), backend=name)


def test_a_gpu_without_tensor_cores_for_it_is_an_error_and_no_reason_to_go_on_in_float32(emulated):
    emulated.emulate(tf32=False)
    words = r"^Network: products in tf32 need compute capability 8.0 .*use backend='cuda'$"
    with pytest.raises(DeviceError, match=words) as caught:
        Network((7, 5, 3), backend="cuda-tf32")
    assert caught.value.code == "NO_KERNEL"
    assert Network((7, 5, 3), backend="cuda").backend_info()["tf32"] is False


@pytest.mark.usefixtures("emulated")
def test_auto_never_takes_it():
    assert Network((7, 5, 3)).backend == "cuda"
