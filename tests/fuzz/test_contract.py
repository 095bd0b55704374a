"""Fuzzing the contract: random networks in C++ do what the reference in float64 does; so do its parts.

Hypothesis shrinks what fails to a network that is hardly one any more, and prints it.
"""

import hypothesis
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import cutaway
from cutaway import SGD, Adam, Dataset, Network
from cutaway.backend import reference
from cutaway.backend.reference import ReferenceCore

# By norm, as tests/test_contract.py has it for one pass through a network, and for many steps: in a
# random network the terms of a gradient may cancel to a tenth.
FORWARD, GRADIENTS = 1e-5, 1e-4
KINK = 1e-5  # a relu's input nearer to 0 than this, of its terms' sizes, may be above it or below
ROUNDING = 1e-6  # of a sum of some hundred terms, of their sizes: they may cancel
SHAKE = 1e-6  # of start weights: a training that this changes much multiplies its rounding, too
EXAMPLES = 20  # per round

HEALTHY = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much]


def go_on(rounds, prove, *strategies):
    """Let Hypothesis prove something of what these draw, from another seed in each round."""
    few = hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=HEALTHY
    )
    for _, rng in rounds(least=1):
        few(hypothesis.seed(int(rng.integers(1 << 62)))(hypothesis.given(*strategies)(prove)))()


SIZES = st.one_of(st.integers(1, 9), st.integers(1, 70), st.sampled_from([16, 32, 64, 128, 256]))
HIDDEN = st.sampled_from(["sigmoid", "relu", "tanh", "identity"])
ENDS = st.sampled_from([
    *((output, "squared_error") for output in ("sigmoid", "relu", "tanh", "identity", "softmax")),
    ("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"),
])  # fmt: skip
RATES = st.floats(1e-4, 0.05)
DECAYS = st.sampled_from([0.0, 0.0, 0.01, 0.1])
BETAS = st.sampled_from([(0.9, 0.999), (0.8, 0.9)])
# Adam divides by a gradient's size: where it cancels to less than eps, rounding decides on the step.
OPTIMIZERS = st.one_of(
    st.builds(SGD, RATES, st.sampled_from([0.0, 0.5, 0.9]), DECAYS),
    st.builds(Adam, RATES, BETAS, st.sampled_from([1e-3, 1e-2]), DECAYS),
)


@st.composite
def networks(draw):
    """What to make a network of."""
    sizes = [*draw(st.lists(SIZES, min_size=1, max_size=4)), draw(st.integers(1, 20))]
    output, loss = draw(ENDS)
    layers = len(sizes) - 2
    return dict(
        sizes=sizes, activation=draw(st.lists(HIDDEN, min_size=layers, max_size=layers)),
        output=output, loss=loss, reduction=draw(st.sampled_from(["mean", "sum"])),
        seed=draw(st.integers(0, 99)),
    )  # fmt: skip


@st.composite
def datasets(draw, features, classes):
    """Pixels or numbers, dense or sparse."""
    count = draw(st.one_of(st.integers(2, 9), st.integers(2, 200)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kind = draw(st.sampled_from([np.uint8, np.uint8, np.uint16, np.int32, np.float32, np.float64]))
    images = rng.integers(0, 256, (count, features))
    images = (images / 256 if np.dtype(kind).kind == "f" else images).astype(kind)
    images[rng.random(images.shape) < draw(st.sampled_from([0, 0.5, 0.8, 0.99]))] = 0
    hypothesis.assume(images.min() < images.max())
    labels = rng.integers(0, classes, count)
    labels[0] = 0  # or a warning says that they are numbered from 1
    return Dataset(images, labels)


def all_weights(network):
    return [network.get_weights(layer) for layer in range(network.architecture.layers)]


def sums(core, x):
    """Yield the name of each layer's activation, its sums, and those of their terms' sizes."""
    architecture = core.architecture
    below = [x, *core.forward(x, 0.0, 1.0, range(architecture.layers))]
    for layer, name in enumerate(architecture.activations):
        w = core.weights(layer)
        yield name, below[layer] @ w[1:] + w[0], np.abs(below[layer]) @ np.abs(w[1:]) + np.abs(w[0])


def is_near_a_kink(core, x):
    """Tell whether a relu has an input of which float32 may not tell on which side of 0 it is."""
    return any(
        name == "relu" and (np.abs(z) < KINK * sizes).any() for name, z, sizes in sums(core, x)
    )


def assert_near(found, expected, tolerance, rounding=0.0):
    assert found.shape == expected.shape
    assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected) + rounding


@st.composite
def trainings(draw):
    """A network in C++, one in float64 with its weights, data, their rows, the size of a mini-batch."""
    made = draw(networks())
    network = Network(**made, backend="cpu", threads=draw(st.integers(1, 4)))
    core = ReferenceCore(network.architecture, np.float64)
    for layer, values in enumerate(all_weights(network)):
        core.set_weights(layer, values)
    train_set = draw(datasets(made["sizes"][0], made["sizes"][-1]))
    x = train_set[:][0].astype(np.float64)
    hypothesis.assume(not is_near_a_kink(core, x))
    batch = draw(st.integers(max(1, len(x) // 4), len(x) + 5))
    return network, core, train_set, x, batch


def test_any_network_answers_as_the_reference(rounds):
    def prove(training):
        network, core, train_set, x, _ = training
        y = train_set.labels
        layers = range(core.architecture.layers)
        expected_loss, slopes = core.backprop(x, y)
        loss, gradients = network.backprop(x, y)
        # Near 0 a squared error is of outputs whose difference has lost digits.
        count = len(y) if core.architecture.reduction == "sum" else 1
        near = 1e-6 * np.sqrt(count * expected_loss)
        np.testing.assert_allclose(loss, expected_loss, rtol=1e-5, atol=near)
        for one, other in zip(gradients, slopes, strict=True):
            assert_near(one, other, GRADIENTS)
        answers = zip(network.activations(x), core.forward(x, 0.0, 1.0, layers), strict=True)
        rounding = np.zeros(x.shape)  # of the layer below; no activation has a slope above 1
        for layer, ((one, other), (_, _, sizes)) in enumerate(
            zip(answers, sums(core, x), strict=True)
        ):
            rounding = rounding @ np.abs(core.weights(layer)[1:]) + ROUNDING * sizes
            assert_near(one, other, FORWARD, np.linalg.norm(rounding))
        found, expected = network.evaluate(train_set)[0], core.evaluate(x, y, 0.0, 1.0)[0] / len(y)
        np.testing.assert_allclose(found, expected, rtol=1e-5)

    go_on(rounds, prove, trainings())


def learned(core, train_set, order, batch, optimizer):
    """The losses of a training in float64, and how the weights change."""
    before = [core.weights(layer).copy() for layer in range(core.architecture.layers)]
    core.load(train_set.images, train_set.labels, *train_set.normalisation)
    core.use(optimizer)
    rates = np.full(-(-len(order) // batch), np.float32(optimizer.lr), np.float64)
    losses = core.learn(order, batch, rates)
    return losses, [core.weights(layer) - start for layer, start in enumerate(before)]


def test_any_network_learns_as_the_reference(rounds):
    def prove(training, optimizer):
        network, core, train_set, x, batch = training
        before, order = all_weights(network), np.random.default_rng(0).permutation(len(x))
        shaken = ReferenceCore(network.architecture, np.float64)
        for layer, start in enumerate(before):
            noise = SHAKE * np.random.default_rng(layer).standard_normal(start.shape)
            shaken.set_weights(layer, start.astype(np.float64) * (1 + noise))
        how = train_set, order, batch, optimizer
        with np.errstate(over="ignore", invalid="ignore"):
            (losses, changes), (others, beside) = learned(core, *how), learned(shaken, *how)
        hypothesis.assume(
            max(losses) <= 4 * losses[0]
        )  # one that explodes multiplies its rounding, too
        hypothesis.assume(np.allclose(others, losses, rtol=GRADIENTS / 2))
        for one, other in zip(beside, changes, strict=True):
            hypothesis.assume(np.linalg.norm(one - other) <= GRADIENTS / 2 * np.linalg.norm(other))
        found = network.learn(order, batch, dataset=train_set, optimizer=optimizer)
        np.testing.assert_allclose(found, losses, rtol=GRADIENTS, atol=ROUNDING * max(losses))
        for layer, start in enumerate(before):
            rounding = len(losses) * 2**-24 * np.linalg.norm(start)  # half a weight's last bit
            change = network.get_weights(layer) - start
            assert_near(change, changes[layer], GRADIENTS, rounding)

    go_on(rounds, prove, trainings(), OPTIMIZERS)


FLOATS = st.sampled_from([np.float32, np.float64])


def test_stacks_of_any_shape_are_multiplied_as_numpy_does(rounds):
    def prove(shapes, kind, seed, step):
        rng = np.random.default_rng(seed)
        a, b = (rng.standard_normal((*shape[:-1], step * shape[-1])).astype(kind)[..., ::step]
                for shape in shapes.input_shapes)  # fmt: skip
        found = cutaway.matmul(a, b)
        expected = np.matmul(a.astype(np.float64), b.astype(np.float64))
        assert np.shape(found) == expected.shape
        parts = np.matmul(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64))
        bound = (a.shape[-1] + 2) * np.finfo(kind).eps / 2 * parts  # Higham 2002, section 3.1
        assert (np.abs(found - expected) <= bound).all()

    shapes = hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_side=40)
    go_on(rounds, prove, shapes, FLOATS, st.integers(0, 99), st.integers(1, 3))


def test_activations_of_any_stack_are_those_of_the_reference(rounds):
    def prove(name, x):
        found = getattr(cutaway, name)(x)
        assert (found.shape, found.dtype) == (x.shape, x.dtype)
        expected = reference.activate(name, x.astype(np.float64))
        rtol = (800 if name == "softmax" else 8) * np.finfo(x.dtype).eps
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=2e-38)

    numbers = st.floats(-90, 90, width=32) | st.floats(-1, 1, width=32)
    shapes = hnp.array_shapes(max_dims=4, max_side=20)
    stacks = FLOATS.flatmap(lambda kind: hnp.arrays(kind, shapes, elements=numbers))
    go_on(rounds, prove, st.sampled_from(["sigmoid", "relu", "tanh", "softmax"]), stacks)
