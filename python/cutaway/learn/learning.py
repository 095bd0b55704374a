"""Learning: mini-batches go in, or gradients; losses come out, and the weights have changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F32, I64
from ..backend.optimizer import Optimizer, check, same_memory
from ..data.dataset import Dataset
from .answering import Answering
from .rows import (
    check_batch,
    check_dataset,
    check_matrix,
    check_order,
    check_rate,
    check_rates,
    check_room,
    labels_of,
)

_LARGEST_BATCH = 1 << 62


class Learning(Answering):
    """The part of a Network that is trained."""

    def backprop(self, x: ArrayLike, y: ArrayLike) -> tuple[float, list[F32]]:
        """Return the loss of a mini-batch and its gradients; nothing is updated.

        Args:
            x: Rows, as activations() takes them.
            y: Labels (rows,) or one-hot (rows, classes).

        Returns:
            The loss, and per layer the gradient (1 + fan_in, fan_out), row 0 the bias's.
        """
        rows, labels = self._batch("backprop", x, y)
        result: tuple[float, list[F32]] = self._core.backprop(rows, labels)
        return result

    def step(
        self, x: ArrayLike, y: ArrayLike, optimizer: Optimizer, rate: float | None = None
    ) -> float:
        """Update the weights once, on one mini-batch, and return its loss before the update.

        Args:
            x: Rows, as activations() takes them.
            y: Labels (rows,) or one-hot (rows, classes).
            optimizer: SGD or Adam. What it remembers stays with the network and goes on while its
                settings (all but lr) are the same.
            rate: Instead of the optimizer's lr.
        """
        rows, labels = self._batch("step", x, y)
        rates = check_rate("step", rate, optimizer)
        with self._core.training("step"):
            self._use("step", optimizer)
            self._loaded = None
            self._core.load(rows, labels, 0.0, 1.0)
            return float(self._core.learn(np.arange(len(rows)), len(rows), rates)[0])

    def update(
        self, gradients: Sequence[ArrayLike], optimizer: Optimizer, rate: float | None = None
    ) -> None:
        """Update the weights once, with gradients from elsewhere: a rule of your own, other ranks.

        Args:
            gradients: Per layer (1 + fan_in, fan_out), row 0 the bias's, as backprop() returns.
            optimizer: As in step().
            rate: Instead of the optimizer's lr.
        """
        rates = check_rate("update", rate, optimizer)
        if not isinstance(gradients, list | tuple):
            raise TypeError(f"update: gradients must be a list, got {type(gradients).__name__}")
        if len(gradients) != self.architecture.layers:
            raise ValueError(
                f"update: gradients must be one per layer ({self.architecture.layers}), "
                f"got {len(gradients)}"
            )
        arrays = [
            check_matrix("update", f"gradients[{layer}]", gradient, self.architecture, layer)
            for layer, gradient in enumerate(gradients)
        ]
        with self._core.training("update"):
            self._use("update", optimizer)
            self._core.update(arrays, float(rates[0]))

    def learn(
        self,
        order: ArrayLike,
        batch: int,
        *,
        dataset: Dataset,
        optimizer: Optimizer,
        rates: ArrayLike | None = None,
    ) -> F32:
        """Train on samples of a dataset, mini-batch after mini-batch: the fast loop.

        Splitting an order at a multiple of `batch` gives the same bits.

        Args:
            order: Sample numbers.
            batch: Samples per mini-batch; the last one may be shorter.
            dataset: Its mean and std (0 and 1 if its images are floats) become the network's.
            optimizer: As in step().
            rates: A learning rate per mini-batch instead of the optimizer's lr.

        Returns:
            The loss of each mini-batch before its update, float32.

        Raises:
            IndexError: if a sample number is out of range; nothing changes then.
            MemoryError: if there is no room for such mini-batches.
        """
        numbers = checks.integers("learn", "order", order).copy()  # nobody can write to it
        # Larger than any order: a core may choose its ways by it, and parts of an order learn as the
        # whole does.
        batch = min(checks.count("learn", "batch", batch), _LARGEST_BATCH)
        check_dataset("learn", dataset, self.architecture)
        rates = check_rates("learn", rates, optimizer, -(-len(numbers) // batch))
        check_room("learn", self.architecture, self._packers, min(batch, len(numbers)))
        mean, std = dataset.normalisation
        with self._core.training("learn"):
            fresh = self._loaded is not dataset or (self.mean, self.std) != (mean, std)
            if fresh or not same_memory(self.optimizer, optimizer):  # else the core tells in time
                check_order(numbers, len(dataset))
            self._use("learn", optimizer)
            if fresh:
                self._loaded = None  # if interrupted in between, the next call loads again
                labels = labels_of("learn", dataset, self.architecture)
                self._core.load(dataset.images, labels, mean, std)
                self._learns_from(dataset)
                self._loaded = dataset
            losses: F32 = self._core.learn(numbers, batch, rates)
            return losses

    def correct(self) -> int:
        """Return how many samples of the last learn() or step() were recognised, before it."""
        correct: int = self._core.correct()
        return correct

    # for its own use

    def _batch(self, who: str, x: ArrayLike, y: ArrayLike) -> tuple[F32, I64]:
        rows = self._rows(who, x, finite=True)
        return check_batch(who, rows, y, self.architecture, self._packers)

    @property
    def _packers(self) -> int:
        """Threads that pack derivatives: the CPU core's alone do."""
        return self.threads if self.backend == "cpu" else 0

    def _learns_from(self, dataset: Dataset) -> None:
        """Note what is to be known of a dataset, and that the core holds no images of another."""
        self._loaded = None
        self.mean, self.std = dataset.normalisation
        self.pixels, self.shape = dataset.pixels, dataset.shape
        self.class_names, self.whole = dataset.class_names, dataset.whole

    def _use(self, who: str, optimizer: Optimizer) -> None:
        if not same_memory(self.optimizer, check(who, optimizer)):
            self._start(optimizer)
        self.optimizer = optimizer
