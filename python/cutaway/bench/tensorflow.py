"""TensorFlow as a contender of an epoch: a task goes in, `weights()` come out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend.contract import F32
from ..backend.optimizer import Adam
from .peers import Task


class TensorFlow:
    """TensorFlow: the whole epoch is one `tf.function`, which XLA compiles."""

    def __init__(self, task: Task) -> None:
        import tensorflow as tf

        self._task = task
        recipe, o = task.recipe, task.recipe.make_optimizer()
        size, full = recipe.batch_size, len(task.inputs) // recipe.batch_size * recipe.batch_size
        hidden = {"sigmoid": tf.sigmoid, "relu": tf.nn.relu}[recipe.activation]
        inputs, targets = tf.constant(task.inputs), tf.constant(task.data.one_hot(task.sizes[-1]))
        self._layers = layers = [(tf.Variable(w[0]), tf.Variable(w[1:])) for w in task.start]
        parameters = [p for layer in layers for p in layer]
        memory = [[tf.Variable(tf.zeros_like(p)) for _ in range(2)] for p in parameters]
        steps = tf.Variable(0.0)

        def loss(x: Any, t: Any) -> Any:
            for b, w in layers[:-1]:
                x = hidden(x @ w + b)
            z = x @ layers[-1][1] + layers[-1][0]
            if recipe.loss == "squared_error":
                return tf.reduce_sum((tf.sigmoid(z) - t) ** 2)
            return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(t, z))

        def step(numbers: Any) -> None:
            with tf.GradientTape() as tape:
                value = loss(tf.gather(inputs, numbers), tf.gather(targets, numbers))
            gradients = tape.gradient(value, parameters)
            steps.assign_add(1.0)
            for p, g, (m, v) in zip(parameters, gradients, memory, strict=True):
                if isinstance(o, Adam):
                    b1, b2 = o.betas
                    m.assign_add((1 - b1) * (g - m))
                    v.assign_add((1 - b2) * (g * g - v))
                    g = m / (1 - b1**steps) / (tf.sqrt(v / (1 - b2**steps)) + o.eps)
                p.assign_sub(o.lr * g)

        def epoch(order: Any) -> None:
            for start in tf.range(0, full, size):
                step(tf.slice(order, [start], [size]))
            if full < len(task.inputs):
                step(order[full:])

        self._epoch = tf.function(epoch, jit_compile=True)
        self._constant = tf.constant

    def epoch(self, seed: int) -> None:
        """Learn every sample once."""
        self._epoch(self._constant(self._task.order(seed).astype(np.int32)))

    def weights(self) -> list[F32]:
        """Return what was learned."""
        return [np.vstack([b.numpy(), w.numpy()]) for b, w in self._layers]
