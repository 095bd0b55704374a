"""Every backend keeps the contract, as the reference in float64 specifies it.

If only one test file is run, then this is the one.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cutaway import SGD, Adam, Dataset, Network
from cutaway.backend.choose import make_core
from cutaway.backend.reference import ReferenceCore

# How far float32 may lie from float64, by norm. One step: float32 has 24 bits (6e-8), a sum of
# some hundred products loses a digit or two. A hundred steps add up their errors.
ONE_STEP, MANY_STEPS = 1e-5, 1e-4


@dataclass(frozen=True)
class Case:
    name: str
    sizes: tuple = (7, 5, 3)
    activation: str = "sigmoid"
    output: str = "sigmoid"
    loss: str = "squared_error"
    reduction: str = "mean"
    optimizer: SGD | Adam = SGD(0.5)  # noqa: RUF009
    samples: int = 40
    batch: int = 8
    pixels: type = np.uint8
    unit: float = 1  # of a pixel
    zeros: float = 0.0  # part of the pixels that are zero

    def __str__(self):
        return self.name

    def architecture(self):
        return dict(
            sizes=self.sizes, activation=self.activation, output=self.output, loss=self.loss,
            reduction=self.reduction,
        )  # fmt: skip

    def data(self, seed=0):
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 256, (self.samples, self.sizes[0]))
        images = (images * self.unit).astype(self.pixels)
        images[rng.random(images.shape) < self.zeros] = 0
        labels = rng.integers(0, self.sizes[-1], self.samples)
        return Dataset(images, labels)


SOFTMAX = dict(output="softmax", loss="cross_entropy")
CASES = [
    Case("lesson 9", (784, 64, 10), reduction="sum", optimizer=SGD(0.02), samples=256, batch=64),
    Case("lesson 5", (784, 50, 10), "relu", **SOFTMAX, optimizer=Adam(), samples=128, batch=64),
    Case("one layer", (7, 3)),
    Case("one layer of softmax", (7, 3), **SOFTMAX),
    Case("three layers", (7, 9, 5, 3), "tanh", **SOFTMAX),
    Case("four layers", (13, 20, 11, 6, 4), "tanh", optimizer=Adam(0.01)),
    Case("wide", (30, 200, 33, 17), "tanh", **SOFTMAX),
    Case("wide above, too", (9, 150, 130, 70, 4), "tanh", **SOFTMAX, optimizer=SGD(0.1, 0.9)),
    Case("wide above, too, with Adam", (9, 67, 130, 4), "tanh", optimizer=Adam(0.01, eps=1e-3)),
    Case("as wide as a page", (64, 256, 3), "sigmoid", optimizer=SGD(0.1)),
    Case("relu", activation="relu", optimizer=SGD(0.05)),
    Case("identity", activation="identity", optimizer=SGD(0.05)),
    Case("identity output", output="identity", optimizer=SGD(0.02)),
    Case("relu output", output="relu", optimizer=SGD(0.02)),
    Case("tanh output", output="tanh", optimizer=SGD(0.02)),
    Case("softmax with squares", output="softmax"),
    Case("binary cross-entropy", loss="binary_cross_entropy"),
    Case("binary cross-entropy, 17 classes", (7, 5, 17), loss="binary_cross_entropy"),
    Case("momentum", optimizer=SGD(0.1, momentum=0.9)),
    Case("weight decay", optimizer=SGD(0.1, weight_decay=0.1)),
    Case("momentum and decay", optimizer=SGD(0.1, momentum=0.5, weight_decay=0.1)),
    Case("adam with decay", optimizer=Adam(0.01, (0.8, 0.9), 1e-6, 0.1)),
    Case("short last batch", samples=43, batch=8),
    Case("one sample", samples=2, batch=1),
    Case("batch larger than the data", samples=20, batch=64),
    Case("floats", pixels=np.float32, unit=1 / 64),
    Case("integers wider than bytes", pixels=np.int32, unit=300),
    Case("mostly zeros", (100, 20, 5), samples=150, batch=70, zeros=0.8),
    Case("mostly zeros, one layer", (100, 5), samples=50, batch=16, zeros=0.8),
    Case("mostly zeros, deep, Adam", (65, 40, 20, 5), "tanh", optimizer=Adam(0.01), zeros=0.9),
    Case("mostly zeros, as wide as a page", (100, 256, 5), samples=64, batch=64, zeros=0.7),
    Case("one feature, one unit, one class", (1, 1, 1), samples=9),
]

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return request.param


def order_of(case, seed=1):
    return np.random.default_rng(seed).permutation(case.samples)


def reference_of(network):
    """A float64 reference with a network's weights."""
    core = ReferenceCore(network.architecture, np.float64)
    for layer in range(network.architecture.layers):
        core.set_weights(layer, network.get_weights(layer))
    return core


def all_weights(network):
    return [network.get_weights(layer) for layer in range(network.architecture.layers)]


def relative(error, size):
    return np.linalg.norm(error) / max(np.linalg.norm(size), 1e-30)


def train_both(case, backend, passes, **options):
    """Train a network and the float64 reference alike; return both and the weights before."""
    data = case.data()
    network = Network(**case.architecture(), backend=backend, **options)
    before = all_weights(network)
    reference = reference_of(network)
    reference.load(data.images, data.labels, *data.normalisation)
    reference.use(case.optimizer)
    losses, expected = [], []
    for number in range(passes):
        order = order_of(case, number)
        rates = np.full(-(-len(order) // case.batch), case.optimizer.lr, np.float32)
        losses.append(network.learn(order, case.batch, dataset=data, optimizer=case.optimizer))
        expected.append(reference.learn(order, case.batch, rates.astype(np.float64)))
    assert network.correct() == reference.correct()
    return network, reference, before, np.concatenate(losses), np.concatenate(expected)


def assert_same_change(network, reference, before, tolerance):
    for layer, start in enumerate(before):
        change = reference.weights(layer) - start
        error = network.get_weights(layer) - reference.weights(layer)
        rounding = 2**-25 * np.linalg.norm(start)  # weights themselves have only 24 bits
        assert np.linalg.norm(error) <= tolerance * np.linalg.norm(change) + rounding


# one answer from all backends


def test_forward(case, backend):
    network = Network(**case.architecture(), backend=backend)
    x, _ = case.data()[:]
    expected = reference_of(network).forward(x)
    for a, e in zip(network.activations(x), expected, strict=True):
        assert a.shape == e.shape
        assert relative(a - e, e) <= ONE_STEP


def test_the_layers_that_are_asked_for_and_no_others(case, backend):
    network = Network(**case.architecture(), backend=backend)
    data, top = case.data(), len(case.sizes) - 2
    _, _, core = make_core(network.architecture, backend, 2)
    for layer, values in enumerate(all_weights(network)):
        core.set_weights(layer, values)
    whole = core.forward(data.images, 9.0, 70.0, range(top + 1))
    for layers in ([], [0], [top], [top, 0, top]):
        some = core.forward(data.images, 9.0, 70.0, layers)
        assert len(some) == len(layers)
        for a, layer in zip(some, layers, strict=True):
            np.testing.assert_array_equal(a, whole[layer])


def test_evaluation(case, backend):
    """Of bytes and of floats; of more rows than a core takes at once; of one; of none."""
    data = case.data()
    network = Network(**case.architecture(), backend=backend)
    _, _, core = make_core(network.architecture, backend, 2)
    for layer, values in enumerate(all_weights(network)):
        core.set_weights(layer, values)
    many = np.random.default_rng(0).integers(0, case.samples, 600)
    for numbers in (np.arange(case.samples), many, many[:1], many[:0]):
        x, y = data.images[numbers], data.labels[numbers]
        for rows in (x, data[numbers][0]):
            loss, right = core.evaluate(rows, y, data.mean, data.std)
            as_floats = rows if rows.dtype != np.uint8 else data[numbers][0]
            expected = reference_of(network).evaluate(as_floats, y, 0.0, 1.0)
            assert (loss, right) == (pytest.approx(expected[0], rel=1e-5), expected[1])


def test_evaluation_of_more_rows_than_are_taken_at_once_is_the_sum_of_its_parts(backend):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (9000, 7), np.uint8)
    data = Dataset(rows, rng.integers(0, 3, 9000))
    network = Network((7, 5, 3), backend=backend)
    parts = [network.evaluate(data.subset(slice(i, i + 900))) for i in range(0, 9000, 900)]
    assert network.evaluate(data) == pytest.approx(tuple(np.mean(parts, axis=0)), rel=1e-5)


def test_gradients(case, backend):
    network = Network(**case.architecture(), backend=backend)
    x, y = case.data()[:]
    loss, gradients = network.backprop(x, y)
    expected_loss, expected = reference_of(network).backprop(x, y)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for g, e in zip(gradients, expected, strict=True):
        assert g.shape == e.shape
        assert relative(g - e, e) <= ONE_STEP


@pytest.mark.parametrize("steps", [1, None], ids=["one step", "one pass"])
def test_learning(case, backend, steps):
    if steps:
        case = replace(case, samples=min(case.samples, case.batch))
    network, reference, before, losses, expected = train_both(case, backend, passes=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert_same_change(network, reference, before, ONE_STEP if len(losses) == 1 else MANY_STEPS)


def test_a_hundred_steps(backend):
    case = CASES[0]
    network, reference, before, losses, expected = train_both(case, backend, passes=25)
    assert len(losses) == 100
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert_same_change(network, reference, before, MANY_STEPS)


def test_step_is_learn_on_rows_of_the_users_own(case, backend):
    data, optimizer = case.data(), case.optimizer
    one, other = (Network(**case.architecture(), backend=backend) for _ in range(2))
    for start in range(0, case.samples, case.batch):
        numbers = np.arange(case.samples)[start : start + case.batch]
        x, y = data[numbers]
        loss = one.step(x, y, optimizer)
        (expected,) = other.learn(numbers, case.batch, dataset=data, optimizer=optimizer)
        assert loss == pytest.approx(expected, rel=1e-6)
    for a, b in zip(all_weights(one), all_weights(other), strict=True):
        assert relative(a - b, a) <= ONE_STEP


def test_an_update_with_gradients_of_backprop_is_a_step(case, backend):
    """Two in a row: the optimizer remembers them alike."""
    data, optimizer = case.data(), case.optimizer
    one, other = (Network(**case.architecture(), backend=backend) for _ in range(2))
    for start in (0, case.batch):
        before = all_weights(other)
        x, y = data[start % case.samples :][0][: case.batch], data.labels[start % case.samples :]
        y = y[: case.batch]
        for layer, values in enumerate(all_weights(one)):
            other.set_weights(layer, values)
        before = all_weights(other)
        one.step(x, y, optimizer)
        other.update(other.backprop(x, y)[1], optimizer)
        for a, b, start_weights in zip(*map(all_weights, (one, other)), before, strict=True):
            rounding = 2**-25 * np.linalg.norm(start_weights)
            assert np.linalg.norm(a - b) <= ONE_STEP * np.linalg.norm(a - start_weights) + rounding
    assert one.optimizer_state()["step"] == other.optimizer_state()["step"] == 2


def test_an_update_with_gradients_of_loaded_samples_is_a_step_of_learning(case, backend):
    """Twice, of samples in any order, of which the second mini-batch may be short."""
    data, order = case.data(), order_of(case)
    # Adam divides by the gradient: where that is near 0, sums in another order show.
    bound = 10 * ONE_STEP if isinstance(case.optimizer, Adam) else ONE_STEP
    one, other = (Network(**case.architecture(), backend=backend) for _ in range(2))
    other.learn(order[:0], case.batch, dataset=data, optimizer=case.optimizer)  # loads
    for start in (0, len(order) - len(order) % case.batch):
        numbers = order[start % len(order) :][: case.batch]
        for layer, values in enumerate(all_weights(one)):
            other.set_weights(layer, values)
        before = all_weights(other)
        expected = one.learn(numbers, case.batch, dataset=data, optimizer=case.optimizer)
        loss, gradients = other._core.gradients(numbers)
        assert loss == pytest.approx(expected[0], rel=1e-5)
        assert other.correct() == one.correct()
        for a, b in zip(all_weights(other), before, strict=True):
            np.testing.assert_array_equal(a, b)  # nothing is updated yet
        other.update(gradients, case.optimizer)
        for a, b, start_weights in zip(*map(all_weights, (one, other)), before, strict=True):
            rounding = 2**-25 * np.linalg.norm(start_weights)
            assert np.linalg.norm(a - b) <= bound * np.linalg.norm(a - start_weights) + rounding


def test_gradients_are_of_loaded_samples_only(backend):
    case = CASES[3]
    network = Network(**case.architecture(), backend=backend)
    network.learn(np.arange(8), 8, dataset=case.data(), optimizer=case.optimizer)
    for bad in (-1, case.samples):
        with pytest.raises(IndexError, match=f"^gradients: sample number {bad} is out of range"):
            network._core.gradients(np.array([0, bad]))


def test_an_update_with_gradients_of_ones_own(case, backend):
    rng = np.random.default_rng(0)
    network = Network(**case.architecture(), backend=backend)
    before, reference = all_weights(network), reference_of(network)
    reference.use(case.optimizer)
    gradients = [rng.standard_normal(w.shape).astype(np.float32) for w in before]
    network.update(gradients, case.optimizer, rate=0.25)
    reference.update(gradients, 0.25)
    assert_same_change(network, reference, before, ONE_STEP)
    x, _ = case.data()[:]  # what is kept beside the weights has been updated, too
    for a, e in zip(network.activations(x), reference_of(network).forward(x), strict=True):
        assert relative(a - e, e) <= ONE_STEP
    _, slopes = network.backprop(x, case.data().labels)
    for g, e in zip(slopes, reference_of(network).backprop(x, case.data().labels)[1], strict=True):
        assert relative(g - e, e) <= ONE_STEP


# the same bits


def test_a_split_order_gives_the_bits_of_the_whole(case, backend):
    order, data = order_of(case), case.data()
    networks = [Network(**case.architecture(), backend=backend) for _ in range(2)]
    whole = networks[0].learn(order, case.batch, dataset=data, optimizer=case.optimizer)
    parts = [
        networks[1].learn(
            order[i : i + case.batch], case.batch, dataset=data, optimizer=case.optimizer
        )
        for i in range(0, len(order), case.batch)
    ]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    for a, b in zip(*map(all_weights, networks), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, 0.9), Adam()])
def test_skipping_zeros_changes_no_bit(optimizer, threads):
    """Bright pixels all over the picture make a batch dense; with zero weights they add nothing."""
    rng = np.random.default_rng(0)
    ink = np.arange(0, 300, 3)  # the pixels that have weights
    sparse = np.zeros((96, 300), np.uint8)
    sparse[:, ink] = rng.integers(1, 256, (96, 100)) * (rng.random((96, 100)) < 0.2)
    dense = np.full((96, 300), 255, np.uint8)
    dense[:, ink] = sparse[:, ink]
    labels = rng.integers(0, 5, 96)
    weights = np.zeros((301, 48), np.float32)
    weights[1 + ink] = rng.standard_normal((100, 48))
    weights[0], top = rng.standard_normal(48), rng.standard_normal((49, 5))
    results = []
    for images in (sparse, dense):
        network = Network((300, 48, 5), threads=threads, backend="cpu")
        network.set_weights(0, weights)
        network.set_weights(1, top)
        data = Dataset(images, labels, mean=40, std=70)
        loss = network.learn(np.arange(96), 96, dataset=data, optimizer=optimizer)
        results.append([loss.tobytes(), network.get_weights(0)[1 + ink].tobytes()])
    assert results[0] == results[1]


@pytest.mark.parametrize(("mean", "std"), [(0, 255), (0, 1), (200, 2), (33.3, 78.6)])
def test_bytes_are_scaled_by_any_mean_and_std(backend, mean, std):
    rng = np.random.default_rng(0)
    images = rng.integers(198, 203, (64, 20)).astype(np.uint8)
    data = Dataset(images, rng.integers(0, 3, 64), mean=mean, std=std)
    network = Network((20, 5, 3), backend=backend)
    before, reference = all_weights(network), reference_of(network)
    reference.load(data.images, data.labels, mean, std)
    reference.use(SGD(0.1))
    reference.learn(np.arange(64), 64, np.array([0.1]))
    network.learn(np.arange(64), 64, dataset=data, optimizer=SGD(0.1))
    assert_same_change(network, reference, before, ONE_STEP)


def test_a_batch_too_large_to_keep_per_thread_gives_the_same_bits():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3000, 784), np.uint8) * (rng.random((3000, 784)) < 0.2)
    data = Dataset(images.astype(np.uint8), rng.integers(0, 10, 3000))
    prints = set()
    for threads in (1, 4):  # 3000 * 784 floats four times are more than 32 MiB
        network = Network((784, 64, 10), backend="cpu", threads=threads)
        for _ in range(3):
            network.learn(np.arange(3000), 2900, dataset=data, optimizer=SGD(0.1))
        prints.add(network.fingerprint())
    assert len(prints) == 1


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_the_number_of_threads_changes_no_bit(case, threads):
    data, x = case.data(), case.data(7)[:][0]
    results = []
    for count in (1, threads):
        network = Network(**case.architecture(), backend="cpu", threads=count)
        losses = [
            network.learn(order_of(case, i), case.batch, dataset=data, optimizer=case.optimizer)
            for i in range(3)
        ]
        _, gradients = network.backprop(x, data.labels)
        network.update(gradients, case.optimizer)
        state = [v for _, v in sorted(network.optimizer_state().items())]
        parts = [*losses, *all_weights(network), *network.activations(x), *gradients, *state]
        parts += network.evaluate(data)
        results.append([np.asarray(part).tobytes() for part in parts])
    assert results[0] == results[1]


def test_the_same_seed_gives_the_same_bits(case, backend):
    prints = []
    for _ in range(2):
        network = Network(**case.architecture(), backend=backend, seed=3)
        network.learn(order_of(case), case.batch, dataset=case.data(), optimizer=case.optimizer)
        prints.append(network.fingerprint())
    other = Network(**case.architecture(), backend=backend, seed=4)
    assert prints[0] == prints[1] != other.fingerprint()


def test_an_optimizers_memory_can_be_carried_over(case, backend):
    data, optimizer = case.data(), case.optimizer

    def learn(network, seed):
        network.learn(order_of(case, seed), case.batch, dataset=data, optimizer=optimizer)

    whole = Network(**case.architecture(), backend=backend)
    learn(whole, 0)
    other = Network(**case.architecture(), backend=backend, threads=3, seed=9)
    for layer, values in enumerate(all_weights(whole)):
        other.set_weights(layer, values)
    other.load_optimizer_state(optimizer, whole.optimizer_state())
    learn(whole, 1)
    learn(other, 1)
    assert whole.fingerprint() == other.fingerprint()


# arrays


def test_weights_come_back_as_they_were_set(case, backend):
    network = Network(**case.architecture(), backend=backend)
    rng = np.random.default_rng(5)
    for layer in range(network.architecture.layers):
        values = rng.standard_normal(network.architecture.shape(layer)).astype(np.float32)
        network.set_weights(layer, values)
        np.testing.assert_array_equal(network.get_weights(layer), values)
        np.testing.assert_array_equal(network.weights[layer], values[1:])
        np.testing.assert_array_equal(network.biases[layer], values[0])


def test_what_is_returned_never_changes(backend):
    case = CASES[1]
    data = case.data()
    network = Network(**case.architecture(), backend=backend)
    x, y = data[:8]
    loss = network.learn(np.arange(64), 64, dataset=data, optimizer=case.optimizer)
    returned = [
        loss,
        *all_weights(network),
        *network.weights,
        *network.biases,
        *network.activations(x),
        *network.backprop(x, y)[1],
        *network.state_dict().values(),
        *(v for v in network.optimizer_state().values() if isinstance(v, np.ndarray)),
    ]
    copies = [array.copy() for array in returned]
    network.learn(np.arange(128), 64, dataset=data, optimizer=case.optimizer)
    network.activations(x + 1)
    for array, copy in zip(returned, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    returned[1][...] = 0
    assert network.get_weights(0).any()


def test_what_is_passed_in_is_never_written(backend):
    case = CASES[0]
    data = case.data()
    x, y = data[:16]
    order = order_of(case)
    passed = [data.images, data.labels, x, y, order]
    copies = [array.copy() for array in passed]
    network = Network(**case.architecture(), backend=backend)
    network.learn(order, 32, dataset=data, optimizer=Adam())
    network.step(x, y, Adam())
    network.backprop(x, y)
    network.forward(x)
    for array, copy in zip(passed, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_an_empty_order_learns_nothing(backend):
    network = Network((7, 5, 3), backend=backend)
    before = network.fingerprint()
    losses = network.learn([], 8, dataset=CASES[2].data(), optimizer=SGD(0.1))
    assert losses.shape == (0,)
    assert network.fingerprint() == before


def test_no_rows_have_no_activations(backend):
    network = Network((8, 5, 3), backend=backend)
    assert network.predict(np.empty((0, 2, 4))).shape == (0,)
    network = Network((7, 5, 3), backend=backend)
    assert [a.shape for a in network.activations(np.empty((0, 7)))] == [(0, 5), (0, 3)]


def test_a_nan_in_the_rows_reaches_the_output_and_no_other_row(backend):
    network = Network((7, 5, 3), activation="relu", backend=backend)
    x = np.ones((4, 7), np.float32)
    x[2, 3] = np.nan
    assert np.isnan(network.forward(x)).any(axis=1).tolist() == [False, False, True, False]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("label", [0, 1])
def test_nan_is_the_largest_output_and_the_first_one_counts(backend, label):
    network = Network((1, 2, 2), activation="identity", output="identity", backend=backend)
    network.set_weights(0, np.array([[0, 0], [3e38, 3e38]], np.float32))
    network.set_weights(1, np.array([[0, 0], [1, 1], [-1, -1]], np.float32))
    x = np.full((1, 1), 3e38, np.float32)
    assert np.isnan(network.forward(x)).all()  # inf - inf, with or without fused multiply-adds
    network.step(x, [label], SGD(0.0))
    assert network.correct() == (label == 0) == (network.predict(x)[0] == label)


# the same errors

DATA = Case("").data()
ONES = [np.ones((8, 5)), np.ones((6, 3))]
MASKED = np.ma.masked_array(np.zeros((2, 7)), mask=True)
ERRORS = [
    (IndexError, "sample number 40 is out of range for 40", lambda n: learn(n, [0, 40])),
    (IndexError, "sample number -1 is out of range", lambda n: learn(n, [-1])),
    (ValueError, "batch must be at least 1, got 0", lambda n: learn(n, [0], batch=0)),
    (TypeError, "batch must be an integer, got 2.5", lambda n: learn(n, [0], batch=2.5)),
    (TypeError, "order must be integers, got float64", lambda n: learn(n, [0.5])),
    (ValueError, "order must have one axis", lambda n: learn(n, [[0]])),
    (ValueError, "rates must be one per mini-batch", lambda n: learn(n, [0], rates=[1, 2])),
    (ValueError, "rates must be finite, got nan", lambda n: learn(n, [0], rates=[np.nan])),
    (TypeError, "optimizer must be SGD", lambda n: learn(n, [0], optimizer="sgd")),
    (TypeError, "dataset must be a cutaway.Dataset", lambda n: learn(n, [0], dataset=[1])),
    (ValueError, "takes 7 features, the dataset has 6",
     lambda n: learn(n, [0], dataset=Dataset(DATA.images[:, :6], DATA.labels))),
    (ValueError, "labels must be below 3",
     lambda n: learn(n, [0], dataset=Dataset(DATA.images, [0, 3] * 20))),
    (ValueError, r"x must be \(rows, 7\), got shape \(2, 6\)", lambda n: n.forward(np.ones((2, 6)))),
    (ValueError, r"x must be \(rows, 7\), got shape \(6,\)", lambda n: n.forward(np.ones(6))),
    (TypeError, "x must be real numbers, got complex128",
     lambda n: n.forward(np.ones((2, 7), complex))),
    (TypeError, "x must be real numbers, got <U", lambda n: n.forward(np.full((2, 7), "1"))),
    (TypeError, "x must be real numbers, got object", lambda n: n.forward([[None] * 7])),
    (TypeError, "x must be a plain array, got a masked", lambda n: n.forward(MASKED)),
    (ValueError, "x must be finite, got nan", lambda n: n.backprop(np.full((1, 7), np.nan), [0])),
    (ValueError, "x must be finite, got inf",
     lambda n: n.step(np.full((1, 7), np.inf), [0], SGD(0.1))),
    (ValueError, "at least 1 row", lambda n: n.backprop(np.empty((0, 7)), [])),
    (ValueError, "labels must be below 3, got 3", lambda n: n.backprop(np.ones((1, 7)), [3])),
    (ValueError, "labels must be 0 or more", lambda n: n.backprop(np.ones((1, 7)), [-1])),
    (ValueError, "one-hot", lambda n: n.backprop(np.ones((1, 7)), [[1, 1, 0]])),
    (ValueError, "2 images need as many labels", lambda n: n.backprop(np.ones((2, 7)), [1])),
    (ValueError, "labels must be whole numbers, got 0.5", lambda n: n.backprop(np.ones((1, 7)), [0.5])),
    (ValueError, "integer rows are normalised", lambda n: n.forward(np.ones((1, 7), np.uint8))),
    (ValueError, r"one per layer \(2\), got 1", lambda n: n.update([np.zeros((8, 5))], SGD(0.1))),
    (TypeError, "gradients must be a list, got NoneType", lambda n: n.update(None, SGD(0.1))),
    (ValueError, r"layer 1 must be \(6, 3\), got shape \(8, 5\)",
     lambda n: n.update([np.ones((8, 5))] * 2, SGD(0.1))),
    (ValueError, r"gradients\[1\] must be finite, got nan",
     lambda n: n.update([np.ones((8, 5)), np.full((6, 3), np.nan)], SGD(0.1))),
    (TypeError, "rate must be a number, got .1, 2.", lambda n: n.update(ONES, SGD(0.1), rate=[1, 2])),
    (ValueError, "update: rate must be finite", lambda n: n.update(ONES, SGD(0.1), rate=np.inf)),
    (ValueError, "step: rate must be within the range of float32, got 1e.39",
     lambda n: n.step(np.ones((1, 7)), [0], SGD(0.1), rate=1e39)),
    (TypeError, "yield .x, y. mini-batches, got ndarray", lambda n: n.evaluate(np.ones((3, 7)))),
    (TypeError, "optimizer must be SGD", lambda n: n.update(ONES, None)),
    (IndexError, "layer must be at most 1, got 2", lambda n: n.get_weights(2)),
    (ValueError, r"must be \(8, 5\), got shape \(7, 5\)", lambda n: n.set_weights(0, np.ones((7, 5)))),
    (ValueError, "values must be finite", lambda n: n.set_weights(0, np.full((8, 5), np.nan))),
    (ValueError, "must have a weight with two axes", lambda n: n.load_state_dict({"0.weight": 1})),
]  # fmt: skip


def learn(network, order, batch=8, dataset=DATA, optimizer=SGD(0.1), rates=None):  # noqa: B008
    return network.learn(order, batch, dataset=dataset, optimizer=optimizer, rates=rates)


@pytest.mark.parametrize(("kind", "text", "call"), ERRORS, ids=[text for _, text, _ in ERRORS])
def test_errors_are_alike_and_change_nothing(backend, kind, text, call):
    network = Network((7, 5, 3), backend=backend)
    before = network.fingerprint()
    with pytest.raises(kind, match=text):
        call(network)
    assert network.fingerprint() == before


def test_an_order_that_is_refused_changes_neither_the_optimizers_memory_nor_the_data(backend):
    network = Network((7, 5, 3), backend=backend)
    learn(network, [0, 1], optimizer=SGD(0.1, 0.9))
    before = network.optimizer_state(), network.mean, network.std, network.shape
    other = Dataset(DATA.images.astype(float) / 64, DATA.labels)
    for options in (dict(optimizer=Adam()), dict(dataset=other, optimizer=SGD(0.1, 0.9))):
        with pytest.raises(IndexError, match="sample number 99 is out of range for 40 images"):
            learn(network, [0, 99], **options)
        after = network.optimizer_state(), network.mean, network.std, network.shape
        assert after[1:] == before[1:]
        np.testing.assert_equal(after[0], before[0])


@pytest.mark.parametrize(
    ("kind", "text", "options"),
    [
        (ValueError, "backend must be one of", dict(backend="gpu")),
        (ValueError, "sizes must be at least", dict(sizes=(7,))),
        (ValueError, "sizes must be at least 1, got 0", dict(sizes=(7, 0, 3))),
        (TypeError, "sizes must be an integer, got 2.5", dict(sizes=(7, 2.5))),
        (TypeError, "sizes must be a sequence", dict(sizes=784)),
        (ValueError, "activation must be one of", dict(activation="swish")),
        (ValueError, "one per hidden layer", dict(activation=["relu"])),
        (ValueError, "output must be one of", dict(output="linear")),
        (ValueError, "loss must be one of", dict(loss="mse")),
        (ValueError, "needs output 'softmax', got 'sigmoid'", dict(loss="cross_entropy")),
        (ValueError, "reduction must be one of", dict(reduction="none")),
        (ValueError, "seed must be at least 0", dict(seed=-1)),
        (ValueError, "threads must be at least 1, got 0", dict(threads=0)),
        (ValueError, "threads must be at most 1024", dict(threads=10**9)),
        (TypeError, "threads must be an integer", dict(threads=True)),
    ],
)
def test_an_architecture_that_makes_no_network_is_refused(kind, text, options):
    with pytest.raises(kind, match=text):
        Network(**{"sizes": (7, 5, 5, 3), **options})


def test_a_core_guards_its_memory_by_itself(backend):
    """Whatever Python forgets to check, a sample number must not reach outside of the images."""
    network = Network((7, 5, 3))
    _, _, core = make_core(network.architecture, backend, 2)
    core.load(DATA.images, DATA.labels, 0.0, 1.0)
    core.use(SGD(0.1))
    with pytest.raises(IndexError):
        core.learn(np.array([0, 40]), 2, np.ones(1, np.float32))
    if backend != "numpy":  # which has no memory to guard: NumPy does
        for labels in (DATA.labels + 1, DATA.labels - 1, DATA.labels[:-1]):
            with pytest.raises(ValueError, match=r"evaluate: (label|images and labels)"):
                core.evaluate(DATA.images, labels, 0.0, 1.0)
