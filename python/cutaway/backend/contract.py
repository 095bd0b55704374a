"""The contract between a Network and its backends: an architecture, and what a core does with it.

`cpp/core.h` is the same contract for the compiled cores; `reference.py` is its specification.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .optimizer import Optimizer

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
State = dict[str, Any]

ACTIVATIONS = ("sigmoid", "relu", "tanh", "identity")
OUTPUTS = ("sigmoid", "softmax", "identity", "relu", "tanh")
LOSSES = ("squared_error", "binary_cross_entropy", "cross_entropy")
REDUCTIONS = ("mean", "sum")

# A cross-entropy is the logarithm of a probability, so it fits one output; a square fits any.
OUTPUT_OF_LOSS = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a network is, apart from its weights.

    Attributes:
        sizes: features, hidden units..., classes.
        activations: One per layer, the output's last.
        loss: One of LOSSES; summed over classes.
        reduction: "mean" averages the loss over a mini-batch, "sum" adds it.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    reduction: str

    @property
    def layers(self) -> int:
        """How many layers have weights."""
        return len(self.activations)

    @cached_property
    def parameters(self) -> int:
        """How many numbers the layers hold, biases included."""
        return sum(math.prod(self.shape(layer)) for layer in range(self.layers))

    def arguments(self) -> dict[str, Any]:
        """What to pass to Network() for another one of this architecture."""
        *hidden, output = self.activations
        return {
            "sizes": self.sizes,
            "activation": hidden,
            "output": output,
            "loss": self.loss,
            "reduction": self.reduction,
        }

    def shape(self, layer: int) -> tuple[int, int]:
        """The shape of a layer's weights: (1 + fan_in, fan_out), row 0 the bias."""
        return 1 + self.sizes[layer], self.sizes[layer + 1]


def make_architecture(
    sizes: Sequence[int], activation: str | Sequence[str], output: str, loss: str, reduction: str
) -> Architecture:
    """Return the architecture that a Network's arguments describe; see Network.

    Raises:
        TypeError, ValueError: if they do not make a network.
    """
    who = "Network"
    listed = isinstance(sizes, Sequence) or (isinstance(sizes, np.ndarray) and sizes.ndim > 0)
    if isinstance(sizes, str) or not listed:
        raise TypeError(f"{who}: sizes must be a sequence of integers, got {checks.shown(sizes)}")
    if len(sizes) < 2:
        raise ValueError(
            f"{who}: sizes must be at least (features, classes), got {checks.shown(sizes)}"
        )
    counts = tuple(checks.count(who, "sizes", size) for size in sizes)
    if not isinstance(activation, str | Sequence):
        got = checks.shown(activation)
        raise TypeError(f"{who}: activation must be a name or a list of names, got {got}")
    if isinstance(activation, str):
        activation = [activation] * (len(counts) - 2)
    if len(activation) != len(counts) - 2:
        raise ValueError(
            f"{who}: activation must be one name or one per hidden layer ({len(counts) - 2}), "
            f"got {len(activation)}"
        )
    hidden = tuple(checks.choice(who, "activation", name, ACTIVATIONS) for name in activation)
    checks.choice(who, "output", output, OUTPUTS)
    checks.choice(who, "loss", loss, LOSSES)
    checks.choice(who, "reduction", reduction, REDUCTIONS)
    needed = OUTPUT_OF_LOSS.get(loss, output)
    if output != needed:
        raise ValueError(f"{who}: loss {loss!r} needs output {needed!r}, got {output!r}")
    return Architecture(sizes=counts, activations=(*hidden, output), loss=loss, reduction=reduction)


class Core(Protocol):
    """A backend. Arguments come checked, contiguous and in exactly these dtypes."""

    def load(self, images: Any, labels: I64, mean: float, std: float) -> None:
        """Keep images (n, features), uint8 or float32, and labels (n,) for learn()."""

    def use(self, optimizer: Optimizer) -> None:
        """Update as this optimizer does from now on; its memory starts afresh."""

    def learn(self, order: I64, batch: int, rates: F32) -> F32:
        """Train on the loaded samples `order`, a mini-batch of `batch` after the other.

        For each: gather, normalise, forward, backprop, update with its rate. Returns the loss of
        each mini-batch before its update, (ceil(len(order) / batch),).
        """

    def update(self, gradients: Sequence[F32], rate: float) -> None:
        """One step of the optimizer with gradients from elsewhere, laid out as weights."""

    def correct(self) -> int:
        """How many samples of the last learn() or gradients() have their label as the largest output."""

    def state(self) -> State:
        """The optimizer's memory: "step", and "velocity.0"... or "m.0", "v.0"... as weights."""

    def set_state(self, state: State) -> None:
        """Go on from such a memory, after use()."""

    def forward(self, x: F32 | U8, mean: float, std: float, layers: Sequence[int]) -> list[F32]:
        """The activations of those layers (rows, fan_out) for rows x (rows, features).

        Bytes stand for (byte - mean) / std, floats for themselves.
        """

    def evaluate(
        self, x: F32 | U8, labels: I64, mean: float, std: float, owner: object = None
    ) -> tuple[float, int]:
        """The sum of the rows' losses, and how many have their label as the first largest output.

        Rows as forward() takes them; no activation leaves the core. While the owner of x lives,
        nobody changes x: a core may keep both, with a copy where it computes, until others come.
        """

    def backprop(self, x: F32, labels: I64) -> tuple[float, list[F32]]:
        """The loss and its gradients, as weights; nothing is updated."""

    def gradients(self, order: I64) -> tuple[float, list[F32]]:
        """The same of the loaded samples `order`, a mini-batch as learn() has it; correct() counts them."""

    def weights(self, layer: int) -> F32:
        """A copy of a layer's weights (1 + fan_in, fan_out), row 0 the bias."""

    def set_weights(self, layer: int, values: F32) -> None:
        """Replace a layer's weights by a copy of values."""
