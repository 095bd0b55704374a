"""The specification is right: its gradients are those that finite differences find, in float64."""

import numpy as np
import pytest

from cutaway.backend.contract import Architecture
from cutaway.backend.optimizer import SGD, Adam
from cutaway.backend.reference import ReferenceCore

EPSILON = 1e-6

PAIRS = [
    ("sigmoid", "squared_error"),
    ("softmax", "squared_error"),
    ("identity", "squared_error"),
    ("relu", "squared_error"),
    ("tanh", "squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
]
HIDDEN = {1: (), 2: (5,), 3: (5, 4), 4: (6, 5, 4)}


def make(layers, activation, output, loss, reduction, seed=0):
    sizes = (7, *HIDDEN[layers], 3)
    activations = (activation,) * (layers - 1) + (output,)
    architecture = Architecture(
        sizes=sizes, activations=activations, loss=loss, reduction=reduction
    )
    core = ReferenceCore(architecture, np.float64)
    rng = np.random.default_rng(seed)
    for layer in range(layers):
        core.set_weights(layer, rng.standard_normal(architecture.shape(layer)))
    return core, rng.standard_normal((6, 7)), rng.integers(0, 3, 6)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh", "identity"])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_gradients_are_those_of_finite_differences(layers, activation, output, loss, reduction):
    core, x, labels = make(layers, activation, output, loss, reduction)
    _, gradients = core.backprop(x, labels)
    for layer, gradient in enumerate(gradients):
        weights = core.weights(layer)
        numeric = np.zeros_like(weights)
        for place in np.ndindex(weights.shape):
            losses = []
            for sign in (1, -1):
                moved = weights.copy()
                moved[place] += sign * EPSILON
                core.set_weights(layer, moved)
                losses.append(core.backprop(x, labels)[0])
            numeric[place] = (losses[0] - losses[1]) / (2 * EPSILON)
        core.set_weights(layer, weights)
        np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-7)


def test_losses_by_hand():
    core, x, labels = make(1, "sigmoid", "sigmoid", "squared_error", "sum")
    a = 1 / (1 + np.exp(-(x @ core.weights(0)[1:] + core.weights(0)[0])))
    t = np.eye(3)[labels]
    assert core.backprop(x, labels)[0] == pytest.approx(((a - t) ** 2).sum())

    core, x, labels = make(1, "sigmoid", "sigmoid", "binary_cross_entropy", "mean")
    expected = -(t * np.log(a) + (1 - t) * np.log(1 - a)).sum(axis=1).mean()
    assert core.backprop(x, labels)[0] == pytest.approx(expected)

    core, x, labels = make(1, "sigmoid", "softmax", "cross_entropy", "mean")
    z = x @ core.weights(0)[1:] + core.weights(0)[0]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert core.backprop(x, labels)[0] == pytest.approx(-np.log(p[range(6), labels]).mean())


@pytest.mark.parametrize(("output", "loss"), PAIRS[-2:])
def test_cross_entropies_do_not_overflow(output, loss):
    core, x, labels = make(1, "sigmoid", output, loss, "mean")
    core.set_weights(0, 1000 * core.weights(0))
    value, (gradient,) = core.backprop(x, labels)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def learn_one(optimizer, steps):
    """Train one weight-matrix net on the same batch and return the weights after every step."""
    core, x, labels = make(1, "sigmoid", "sigmoid", "squared_error", "mean")
    core.load(x, labels, 0.0, 1.0)
    core.use(optimizer)
    seen = [core.weights(0)]
    gradients = []
    for _ in range(steps):
        gradients.append(core.backprop(x, labels)[1][0])
        core.learn(np.arange(6), 6, np.array([optimizer.lr]))
        seen.append(core.weights(0))
    return seen, gradients


def test_sgd_with_momentum_and_weight_decay_by_hand():
    seen, gradients = learn_one(SGD(0.1, momentum=0.9, weight_decay=0.01), 2)
    velocity = gradients[0] + 0.01 * seen[0]
    np.testing.assert_allclose(seen[1], seen[0] - 0.1 * velocity, rtol=1e-12)
    velocity = 0.9 * velocity + gradients[1] + 0.01 * seen[1]
    np.testing.assert_allclose(seen[2], seen[1] - 0.1 * velocity, rtol=1e-12)


def test_the_first_step_of_adam_moves_every_weight_by_the_rate():
    seen, gradients = learn_one(Adam(0.01, eps=0.0), 1)
    np.testing.assert_allclose(seen[1] - seen[0], -0.01 * np.sign(gradients[0]), rtol=1e-9)


def test_adam_by_hand():
    betas, eps, rate = (0.8, 0.95), 1e-3, 0.05
    seen, gradients = learn_one(Adam(rate, betas, eps), 3)
    m = v = 0
    for t, g in enumerate(gradients, 1):
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g**2
        step = rate * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        np.testing.assert_allclose(seen[t], seen[t - 1] - step, rtol=1e-10)
