"""What a run keeps of its training: the network at some mini-batches, for films, pictures and pages.

Dense at the beginning, where most is learned. In the run's folder they are a safetensors file: "step" (n,)
and "epoch" (n,); per layer "layer.0", ... (n, 1 + fan_in, fan_out), row 0 the bias, in half precision where
that can hold them, because the last moment is the model itself; "accuracy.step" and "accuracy" (m,), on the
validation set; "look.step" (k,), all mini-batches at which there was a look, and "look.moved" (k - 1,).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backend.contract import F32
from ..files import MARK, replacing
from ..learn.history import Moment
from ..look.pace import log_steps

ROOM = 20_000_000  # bytes, at most
_LOOKS = 64
ROUND = [n * 10**k for k in range(12) for n in (1, 2, 5)]  # mini-batches that people ask for
_LARGEST = float(np.finfo(np.float16).max)


def wanted(last: int) -> list[int]:
    """Return at which of so many mini-batches a training is looked at: dense at first, and round ones."""
    return sorted({*log_steps(last, _LOOKS), *(n for n in ROUND if n < last)})


class Kept:
    """The moments that a run keeps.

    Args:
        start: The network before its training, as a Moment.
        last: Mini-batches of the training.
        room: Bytes for the weights, about; if all that is wanted takes more, some are left out, but
            never the start and the end.

    Raises:
        MemoryError: if there is none for them and for the file of them.

    Attributes:
        start: (fan_in, units): the first layer's weights before the training.
        wanted: Numbers of the mini-batches at which to look.
        steps: At which there was a look; 0 is the start.
        distances: How far the first layer's weights moved from each look to the next.
        accuracies: Numbers of mini-batches, and the accuracy on the validation set after them.
        moments: Numbers of mini-batches, and what is kept of the network after them: its epoch, and per
            layer (1 + fan_in, fan_out).
    """

    def __init__(self, start: Moment, last: int, room: int = ROOM) -> None:
        self.wanted = wanted(last)
        size = 2 * sum(w.size + b.size for w, b in zip(start.weights, start.biases, strict=True))
        fitting = room // size
        self._every = -(-(len(self.wanted) + 1) // fitting) if fitting else 0
        count = 2 + (len(self.wanted) // self._every if self._every else 0)
        checks.room("train", f"{count} moments of the network, and their file,", 2 * count * size)
        self.steps: list[int] = []
        self.distances: list[float] = []
        self.accuracies: dict[int, float] = {}
        self.moments: dict[int, tuple[int, list[NDArray[Any]]]] = {}
        self.start = self._before = start.weights[0]
        self.add(start)

    def add(self, moment: Moment, accuracy: float | None = None) -> None:
        """Look at a Moment; the accuracy is that of its metrics, if it has any."""
        accuracy = moment.metrics.get("valid_accuracy", accuracy)
        if accuracy is not None:
            self.accuracies[moment.step] = accuracy
        if not self.steps or (self._every and len(self.steps) % self._every == 0):
            self._keep(moment)
        if self.steps:
            moved = np.subtract(moment.weights[0], self._before).ravel()
            squared = np.einsum(
                "i,i->", moved, moved, dtype=np.float64
            )  # norm() wakes BLAS's threads
            self.distances.append(math.sqrt(squared))
        self.steps.append(moment.step)
        self._before = moment.weights[0]

    def end(self, moment: Moment) -> None:
        """Make the last Moment of the training the last one here."""
        if self.steps[-1] != moment.step:
            self.add(moment)
        if moment.step not in self.moments:
            self._keep(moment)

    def accuracy(self, step: int) -> tuple[float | None, int]:
        """Return the last accuracy measured up to a mini-batch, and at which."""
        known = [n for n in self.accuracies if n <= step]
        return (self.accuracies[max(known)], max(known)) if known else (None, 0)

    def scenes(self) -> Iterator[tuple[int, F32]]:
        """Yield the mini-batches that were kept, but for the start, and the first layer's weights."""
        for step, (_, layers) in self.moments.items():
            if step:
                yield step, layers[0][1:].astype(np.float32)

    def _keep(self, moment: Moment) -> None:
        layers = zip(moment.weights, moment.biases, strict=True)
        self.moments[moment.step] = (
            moment.epoch,
            [halved(np.vstack([biases, weights])) for weights, biases in layers],
        )

    def write(self, path: Path) -> None:
        """Write them, whole or not at all."""
        from safetensors import numpy as safetensors

        data = safetensors.save(self._tensors(), {"cutaway": MARK})
        with replacing(path) as partial:
            partial.write_bytes(data)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that go_on() needs."""
        return {**self._tensors(), "before": self._before}

    def go_on(self, state: Mapping[str, NDArray[Any]], end: Sequence[F32] | None = None) -> None:
        """Go on from where another one was.

        Args:
            state: Its state(); or the tensors of its file, where its training has ended.
            end: The layers at that end (1 + fan_in, fan_out), in full precision.

        Raises:
            KeyError, ValueError: if that is no such state.
        """
        count = sum(name.startswith("layer.") for name in state)
        layers = [state[f"layer.{number}"] for number in range(count)]
        epochs, steps = state["epoch"].tolist(), state["step"].tolist()
        self.moments = {
            step: (epoch, [np.ascontiguousarray(layer[n]) for layer in layers])
            for n, (epoch, step) in enumerate(zip(epochs, steps, strict=True))
        }
        self.accuracies = dict(
            zip(state["accuracy.step"].tolist(), state["accuracy"].tolist(), strict=True)
        )
        self.steps, self.distances = state["look.step"].tolist(), state["look.moved"].tolist()
        self._before = state["before"] if end is None else end[0][1:]

    def _tensors(self) -> dict[str, NDArray[Any]]:
        steps = list(self.moments)
        kept = list(self.moments.values())
        tensors = {
            "step": np.array(steps, np.int64),
            "epoch": np.array([epoch for epoch, _ in kept], np.int64),
            "accuracy.step": np.array(list(self.accuracies), np.int64),
            "accuracy": np.array(list(self.accuracies.values())),
            "look.step": np.array(self.steps, np.int64),
            "look.moved": np.array(self.distances),
        }
        for number, layers in enumerate(zip(*(layers for _, layers in kept), strict=True)):
            tensors[f"layer.{number}"] = np.stack(layers)
        return tensors


def halved(layer: F32) -> NDArray[Any]:
    """Return a layer in half precision, which no picture tells from single, if it can hold it."""
    return layer.astype(np.float16) if np.abs(layer).max() <= _LARGEST else layer
