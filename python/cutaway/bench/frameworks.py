"""JAX and scikit-learn as contenders of an epoch: a task goes in, `weights()` come out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..backend.contract import F32
from ..backend.optimizer import Adam
from .peers import Task


class Jax:
    """JAX: the whole epoch is one compiled call, a scan over its mini-batches.

    Products are of float32, as everybody's; on a GPU its default would be of fewer digits.
    """

    def __init__(self, task: Task) -> None:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_default_matmul_precision", "highest")
        self._task = task
        recipe, o = task.recipe, task.recipe.make_optimizer()
        hidden = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}[recipe.activation]

        def loss(layers: Any, x: Any, t: Any) -> Any:
            for b, w in layers[:-1]:
                x = hidden(x @ w + b)
            z = x @ layers[-1][1] + layers[-1][0]
            if recipe.loss == "squared_error":
                return ((jax.nn.sigmoid(z) - t) ** 2).sum()
            return -(jax.nn.log_softmax(z) * t).sum(axis=1).mean()

        def step(state: Any, x: Any, t: Any) -> Any:
            layers, m, v, steps = state
            g = jax.grad(loss)(layers, x, t)
            steps = steps + 1
            if not isinstance(o, Adam):
                return jax.tree.map(lambda p, g: p - o.lr * g, layers, g), m, v, steps
            (b1, b2), rate = o.betas, o.lr / (1 - o.betas[0] ** steps)
            m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, g)
            v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, g)
            layers = jax.tree.map(
                lambda p, m, v: p - rate * m / (jnp.sqrt(v / (1 - b2**steps)) + o.eps), layers, m, v
            )
            return layers, m, v, steps

        def epoch(state: Any, order: Any, x: Any, t: Any) -> Any:
            full = len(order) // recipe.batch_size * recipe.batch_size
            batches = order[:full].reshape(-1, recipe.batch_size)
            state, _ = jax.lax.scan(lambda s, i: (step(s, x[i], t[i]), None), state, batches)
            return state if full == len(order) else step(state, x[order[full:]], t[order[full:]])

        self._epoch = jax.jit(epoch, donate_argnums=0)
        self._x, self._t = jnp.asarray(task.inputs), jnp.asarray(task.data.one_hot(task.sizes[-1]))
        layers = [(jnp.asarray(w[0]), jnp.asarray(w[1:])) for w in task.start]
        zeros = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
        self._state: Any = (layers, *zeros, jnp.zeros(()))
        self._ready = jax.block_until_ready

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        order = self._task.order(seed).astype(np.int32)
        self._state = self._ready(self._epoch(self._state, order, self._x, self._t))

    def weights(self) -> list[F32]:
        """Return what was learned."""
        return [np.vstack([np.asarray(b), np.asarray(w)]) for b, w in self._state[0]]


class Sklearn:
    """scikit-learn's MLPClassifier: its own loss (cross-entropy), start weights and orders."""

    def __init__(self, task: Task) -> None:
        from sklearn.neural_network import MLPClassifier

        self._task = task
        recipe, o = task.recipe, task.recipe.make_optimizer()
        self._classes = np.arange(task.sizes[-1])
        names = {"sigmoid": "logistic", "relu": "relu"}
        self._model = MLPClassifier(
            recipe.hidden,
            activation=names[recipe.activation],
            solver=recipe.optimizer,
            alpha=0,
            batch_size=recipe.batch_size,
            learning_rate_init=o.lr * (recipe.batch_size if recipe.reduction == "sum" else 1),
            momentum=0,
            random_state=0,
            **({"beta_1": o.betas[0], "beta_2": o.betas[1]} if isinstance(o, Adam) else {}),
        )

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        del seed  # it shuffles by itself
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Training interrupted")
            try:
                self._model.partial_fit(
                    self._task.inputs, self._task.data.labels, classes=self._classes
                )
            except UserWarning:  # it catches Ctrl-C, and says no more than this
                raise KeyboardInterrupt from None

    def weights(self) -> list[F32]:
        """Return what was learned."""
        pairs = zip(self._model.intercepts_, self._model.coefs_, strict=True)
        return [np.vstack([b, w]).astype(np.float32) for b, w in pairs]
