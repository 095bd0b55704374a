"""The contenders of an epoch, all with the same face: a task goes in, `weights()` come out.

Shuffling and gathering are part of an epoch, normalising is not. All but scikit-learn start from the
same weights and minimise the same loss, so they learn the same. Those of large libraries are in
`pytorch.py`, `tensorflow.py` and `frameworks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32, I64
from ..backend.optimizer import Adam
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..data.samplers import RandomSampler
from ..learn.network import Network
from ..learn.recipes import Recipe
from ..learn.training import fit

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all learn.

    Attributes:
        recipe: The network and how it learns; "squared_error" summed or "cross_entropy" averaged.
        data: The training set.
        inputs: Its images as a network sees them, (n, features).
        start: The start weights, (1 + fan_in, fan_out) per layer, row 0 the bias.
        threads: Of cutaway's core.
        backend: "cuda" for those who shall learn on the GPU.
    """

    recipe: Recipe
    data: Dataset
    inputs: F32
    start: list[F32]
    threads: int
    backend: str = "cpu"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Features, hidden units..., classes."""
        return (len(self.start[0]) - 1, *(w.shape[1] for w in self.start))

    def make_network(self) -> Network:
        """Return cutaway's network, with start weights of its own."""
        return self.recipe.make_network(
            self.sizes[0], self.sizes[-1], backend=self.backend, threads=self.threads
        )

    def order(self, seed: int) -> I64:
        """Return the sample numbers of an epoch."""
        return RandomSampler(len(self.inputs), seed).order()


class UnableError(RuntimeError):
    """A contender is installed, but cannot learn here; says why."""


class Peer(Protocol):
    """A contender; to make one may raise UnableError."""

    def __init__(self, task: Task) -> None: ...

    def epoch(self, seed: int) -> None:
        """Learn every sample once, in the order that the seed gives; return when it is done."""

    def weights(self) -> list[F32]:
        """Return what was learned so far, laid out as Task.start."""
        ...


class Cutaway:
    """Through fit(), as users call it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.network = task.make_network()
        for layer, values in enumerate(task.start):
            self.network.set_weights(layer, values)
        self._optimizer = task.recipe.make_optimizer()

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        loader = DataLoader(self._task.data, self._task.recipe.batch_size, shuffle=True, seed=seed)
        fit(self.network, loader, optimizer=self._optimizer, epochs=1)

    def weights(self) -> list[F32]:
        """Return what was learned."""
        return [self.network.get_weights(layer) for layer in range(len(self._task.start))]


class NumPy:
    """Clean NumPy: float32, fancy indexing, updates in place. What a careful user writes."""

    dtype: ClassVar[type[np.floating[Any]]] = np.float32

    def __init__(self, task: Task) -> None:
        self._task = task
        self._x = task.inputs.astype(self.dtype, copy=False)
        self._t = task.data.one_hot(task.sizes[-1]).astype(self.dtype, copy=False)
        self._layers = [(w[0].astype(self.dtype), w[1:].astype(self.dtype)) for w in task.start]
        self._memory = [[(np.zeros_like(p), np.zeros_like(p)) for p in l] for l in self._layers]
        self._optimizer = task.recipe.make_optimizer()
        self._steps = 0

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        order, size = self._task.order(seed), self._task.recipe.batch_size
        for start in range(0, len(order), size):
            self._step(*self.batch(order[start : start + size]))

    def batch(self, numbers: I64) -> tuple[Array, Array]:
        """Return images and targets of these samples."""
        return self._x[numbers], self._t[numbers]

    def _step(self, x: Array, t: Array) -> None:
        sigmoid = self._task.recipe.activation == "sigmoid"
        a = [x]
        for b, w in self._layers[:-1]:
            z = a[-1] @ w + b
            a.append(1 / (1 + np.exp(-z)) if sigmoid else np.maximum(z, 0))
        b, w = self._layers[-1]
        d = self._slope_of_loss(a[-1] @ w + b, t)
        self._steps += 1
        for layer in reversed(range(len(a))):
            b, w = self._layers[layer]
            gradients = d.sum(axis=0), a[layer].T @ d
            if layer:
                d = (d @ w.T) * (a[layer] * (1 - a[layer]) if sigmoid else a[layer] > 0)
            for p, g, memory in zip((b, w), gradients, self._memory[layer], strict=True):
                self._update(p, g, *memory)

    def _slope_of_loss(self, z: Array, t: Array) -> Array:
        """Return the gradient of the mini-batch's loss at the last pre-activations."""
        if self._task.recipe.loss == "squared_error":
            a = 1 / (1 + np.exp(-z))
            return 2 * (a - t) * a * (1 - a)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        slope: Array = (e / e.sum(axis=1, keepdims=True) - t) / len(t)
        return slope

    def _update(self, p: Array, g: Array, m: Array, v: Array) -> None:
        o = self._optimizer
        if not isinstance(o, Adam):
            p -= o.lr * g
            return
        m *= o.betas[0]
        m += (1 - o.betas[0]) * g
        v *= o.betas[1]
        v += (1 - o.betas[1]) * g * g
        rate = o.lr / (1 - o.betas[0] ** self._steps)
        p -= rate * m / (np.sqrt(v / (1 - o.betas[1] ** self._steps)) + o.eps)

    def weights(self) -> list[F32]:
        """Return what was learned."""
        return [np.vstack([b, w]).astype(np.float32) for b, w in self._layers]


class Tutorial(NumPy):
    """The tutorial's own loop: float64, and a data loader that collates sample by sample."""

    dtype = np.float64

    def batch(self, numbers: I64) -> tuple[Array, Array]:
        """Return images and targets of these samples."""
        x, t = zip(*[(self._x[i], self._t[i]) for i in numbers], strict=True)
        return np.stack(x), np.stack(t)
