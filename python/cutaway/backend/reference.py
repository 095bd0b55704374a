"""The NumPy backend: the mathematics of a network, to be read. It is the specification.

Finite differences in float64 prove this file; this file proves the compiled cores. With a the
activations of a layer (rows are samples), W its weights without and b its weights of row 0:

    forward    z = a_below W + b,  a = f(z)
    backprop   delta = (delta_above W_above^T) * f'(z),  gradient = (1, a_below)^T delta

Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2, derives these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .contract import I64, Architecture, State
from .optimizer import Adam, Optimizer, memory_of

Array = NDArray[Any]

_ROWS = 4096  # of an evaluation at a time: bounds its memory


# activations: f(z), and f'(z)


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z), without overflow for any z."""
    e = np.exp(-np.abs(z))
    result: Array = np.where(z < 0, e, 1) / (1 + e)
    return result


def relu(z: Array) -> Array:
    """max(0, z); NaN stays NaN."""
    result: Array = np.maximum(z, 0)
    return result


def softmax(z: Array) -> Array:
    """e^z / sum of e^z over the last axis; shifting z changes nothing but the overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    result: Array = e / e.sum(axis=-1, keepdims=True)
    return result


def activate(name: str, z: Array) -> Array:
    """f(z)."""
    functions: dict[str, Callable[[Array], Array]] = {
        "sigmoid": sigmoid, "relu": relu, "tanh": np.tanh, "softmax": softmax
    }  # fmt: skip
    return z if name == "identity" else functions[name](z)


def slope(name: str, a: Array) -> Array:
    """f'(z) from a = f(z), for the elementwise activations."""
    slopes: dict[str, Array] = {"sigmoid": a * (1 - a), "relu": a > 0, "tanh": 1 - a * a}
    return slopes.get(name, np.ones_like(a)).astype(a.dtype)


# losses: per sample, and their slope by z


def losses(loss: str, z: Array, a: Array, targets: Array) -> Array:
    """The loss of each sample (rows,), summed over classes.

    squared_error: (a - t)^2. binary_cross_entropy: -t ln a - (1 - t) ln(1 - a), which for a sigmoid
    is ln(1 + e^z) - z t. cross_entropy: -t ln a, which for a softmax is ln(sum of e^z) - z t.
    """
    if loss == "squared_error":
        terms = (a - targets) ** 2
    elif loss == "binary_cross_entropy":
        terms = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - z * targets
    else:
        highest = z.max(axis=1, keepdims=True)
        normaliser = np.log(np.exp(z - highest).sum(axis=1, keepdims=True)) + highest
        terms = (normaliser - z) * targets
    result: Array = terms.sum(axis=1)
    return result


def output_delta(activation: str, loss: str, a: Array, targets: Array) -> Array:
    """The slope of each sample's loss by its z (rows, classes)."""
    if loss != "squared_error":
        return a - targets  # sigmoid or softmax: the slopes of loss and activation cancel
    by_a = 2 * (a - targets)
    if activation == "softmax":  # its Jacobian is diag(a) - a a^T
        mixed: Array = a * (by_a - (by_a * a).sum(axis=1, keepdims=True))
        return mixed
    return by_a * slope(activation, a)


# the core


class ReferenceCore:
    """The contract in NumPy. `dtype` is float32 for training, float64 for proofs."""

    def __init__(self, architecture: Architecture, dtype: DTypeLike = np.float32) -> None:
        self.architecture = architecture
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        layers = range(architecture.layers)
        self._weights = [np.zeros(architecture.shape(layer), dtype) for layer in layers]
        self._correct = 0

    def load(self, images: Any, labels: I64, mean: float, std: float) -> None:
        """Keep images and labels for learn()."""
        self._images, self._labels = images, labels
        self._mean, self._std = self.dtype.type(mean), self.dtype.type(std)

    def use(self, optimizer: Optimizer) -> None:
        """Update as this optimizer does from now on."""
        self._memory = {
            f"{name}.{l}": np.zeros_like(w)
            for name in memory_of(optimizer)
            for l, w in enumerate(self._weights)
        }
        self._optimizer = optimizer
        self._step = 0

    def learn(self, order: I64, batch: int, rates: Array) -> Array:
        """Train on the loaded samples `order`, mini-batch by mini-batch."""
        self._check_samples("learn", order)
        correct = 0
        values = np.empty(len(rates), self.dtype)
        for i, rate in enumerate(rates):
            values[i], gradients = self.gradients(order[i * batch : (i + 1) * batch])
            correct += self._correct
            self.update(gradients, float(rate))
        self._correct = correct
        return values

    def gradients(self, order: I64) -> tuple[float, list[Array]]:
        """The loss and its gradients, of loaded samples."""
        self._check_samples("gradients", order)
        x = (self._images[order].astype(self.dtype) - self._mean) / self._std
        activations = [x, *self._activations(x)]
        labels = self._labels[order]
        self._correct = int((activations[-1].argmax(axis=1) == labels).sum())
        loss, gradients = self._backprop(activations, labels)
        return float(loss), gradients

    def correct(self) -> int:
        """How many samples of the last learn() were recognised."""
        return self._correct

    def forward(
        self, x: Array, mean: float = 0.0, std: float = 1.0, layers: Sequence[int] | None = None
    ) -> list[Array]:
        """The activations of those layers, or of all; bytes stand for (byte - mean) / std."""
        activations = self._activations(self._rows(x, mean, std))
        return activations if layers is None else [activations[l] for l in layers]

    def evaluate(
        self,
        x: Array,
        labels: I64,
        mean: float,
        std: float,
        owner: object = None,  # noqa: ARG002
    ) -> tuple[float, int]:
        """The sum of the rows' losses, and how many are right; the owner is for cores that copy x."""
        total, right = 0.0, 0
        for start in range(0, len(x), _ROWS):
            rows = self._rows(x[start : start + _ROWS], mean, std)
            activations = [rows, *self._activations(rows)]
            numbers = labels[start : start + _ROWS]
            total += float(self._losses(activations, self._one_hot(numbers)).sum())
            right += int((activations[-1].argmax(axis=1) == numbers).sum())
        return total, right

    def backprop(self, x: Array, labels: I64) -> tuple[float, list[Array]]:
        """The loss and its gradients."""
        x = x.astype(self.dtype, copy=False)
        loss, gradients = self._backprop([x, *self._activations(x)], labels)
        return float(loss), gradients

    def _check_samples(self, who: str, order: I64) -> None:
        bad = order[(order < 0) | (order >= len(self._labels))]
        if len(bad):
            raise IndexError(
                f"{who}: sample number {bad[0]} is out of range for {len(self._labels)} images"
            )

    def _rows(self, x: Array, mean: float, std: float) -> Array:
        rows = x.astype(self.dtype, copy=False)
        if x.dtype == np.uint8:
            rows = (rows - self.dtype.type(mean)) / self.dtype.type(std)
        return rows

    def _activations(self, a: Array) -> list[Array]:
        activations = []
        for w, name in zip(self._weights, self.architecture.activations, strict=True):
            a = activate(name, a @ w[1:] + w[0])
            activations.append(a)
        return activations

    def _one_hot(self, labels: I64) -> Array:
        return np.eye(self.architecture.sizes[-1], dtype=self.dtype)[labels]

    def _losses(self, activations: list[Array], targets: Array) -> Array:
        last = self._weights[-1]
        z = activations[-2] @ last[1:] + last[0]
        return losses(self.architecture.loss, z, activations[-1], targets)

    def _backprop(self, activations: list[Array], labels: I64) -> tuple[Any, list[Array]]:
        w, names = self._weights, self.architecture.activations
        targets = self._one_hot(labels)
        loss = self._losses(activations, targets).sum()
        delta = output_delta(names[-1], self.architecture.loss, activations[-1], targets)
        if self.architecture.reduction == "mean":
            loss, delta = loss / len(labels), delta / self.dtype.type(len(labels))
        gradients: list[Array] = []
        for l in reversed(range(len(w))):
            gradients.insert(0, np.vstack([delta.sum(axis=0), activations[l].T @ delta]))
            if l > 0:
                delta = (delta @ w[l][1:].T) * slope(names[l - 1], activations[l])
        return loss, gradients

    def update(self, gradients: Sequence[Array], rate: float) -> None:
        """One step of the optimizer; the formulas stand in `optimizer.py`."""
        o, memory = self._optimizer, self._memory
        f: Any = self.dtype.type
        self._step += 1
        for l, (w, g) in enumerate(zip(self._weights, gradients, strict=True)):
            g = g.astype(self.dtype, copy=False) + f(o.weight_decay) * w
            if isinstance(o, Adam):
                m, v = memory[f"m.{l}"], memory[f"v.{l}"]
                m += f(1 - o.betas[0]) * (g - m)
                v += f(1 - o.betas[1]) * (g * g - v)
                m_hat = m / f(1 - o.betas[0] ** self._step)
                v_hat = v / f(1 - o.betas[1] ** self._step)
                w -= f(rate) * m_hat / (np.sqrt(v_hat) + f(o.eps))
            elif o.momentum:
                velocity = memory[f"velocity.{l}"]
                velocity *= f(o.momentum)
                velocity += g
                w -= f(rate) * velocity
            else:
                w -= f(rate) * g

    def state(self) -> State:
        """The optimizer's memory, copied."""
        return {"step": self._step, **{name: a.copy() for name, a in self._memory.items()}}

    def set_state(self, state: State) -> None:
        """Go on from such a memory."""
        for name, values in self._memory.items():
            if name not in state or state[name].shape != values.shape:
                raise ValueError(f"set_state: {name} is missing or has another size")
        self._step = int(state["step"])
        self._memory = {name: state[name].astype(self.dtype) for name in self._memory}

    def weights(self, layer: int) -> Array:
        """A copy of a layer's weights, row 0 the bias."""
        return self._weights[layer].copy()

    def set_weights(self, layer: int, values: Array) -> None:
        """Replace a layer's weights by a copy of values."""
        self._weights[layer] = values.astype(self.dtype)
