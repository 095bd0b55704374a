"""Recorder: anybody's training goes in, mini-batch by mini-batch; Moments, a History, a film come out."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsFloat

import numpy as np

from .. import checks
from ..foreign.weights import Weights
from ..learn.history import History, Moment
from ..reprs import short_repr
from .filmed import film
from .hooks import check_watched, hooks, meant
from .sources import Copier, number_of
from .thinned import Thinned

if TYPE_CHECKING:
    from ..look.film import Film

_ROOM = 64_000_000  # bytes
_NAMES = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


class _Look(NamedTuple):
    """What a Recorder keeps of a mini-batch: weights, and when that was."""

    found: Weights
    epoch: int
    seconds: float
    metrics: dict[str, float]


@short_repr
class Recorder:
    """Records a training of whatever library, for films, posters, curves and all else that takes Moments.

    A loop of your own gets one line more:

        with cutaway.Recorder([w1, b1, w2, b2]) as recorder:
            for x, y in batches:
                loss = ...  # and the update
                recorder.see([w1, b1, w2, b2], loss)
        recorder.film("learn.mp4")
        cutaway.poster(recorder).save("poster.png")
        cutaway.loss_curve(recorder.history).savefig("loss.png")

    A loop of PyTorch's stays as it is:

        with cutaway.Recorder().watch(module, optimizer, criterion) as recorder:
            ...

    Leaving the block takes the last look, and away what watch() has hung into PyTorch's objects.
    Moments are dense at the beginning and ever sparser, about 40 for every e-fold of mini-batches, with
    round numbers and the ends of epochs among them; fewer if they need more room. All losses are kept.

    Args:
        weights: The network before its training, as see() takes it; None if that is not to be shown.
        shape: (height, width) of its inputs, if they are pictures, but no squares, and it does not tell.
        room: Bytes for the weights that are kept; the start and the end always are.
    """

    def __init__(
        self, weights: Any = None, *, shape: tuple[int, int] | None = None, room: int = _ROOM
    ) -> None:
        self._shape = None if shape is None else checks.pair("Recorder", "shape", shape)
        self._room = checks.count("Recorder", "room", room)
        self._looks: Thinned[_Look] = Thinned(
            2
        )  # of as many as there is room for, once that is known
        self._sizes: tuple[int, ...] = ()  # of the network, likewise
        self._copier = Copier()
        self._source: Any = None  # whose weights are the last ones, until they are looked at
        self._end: _Look | None = None
        self._step, self._begin, self._seconds = 0, time.perf_counter(), 0.0
        self._history = History()
        self._waiting: list[Any] = []  # losses that are not in the history yet
        self._hooks: list[Any] = []
        self._output = "identity"  # what watch() knows to come after that
        if weights is not None:
            start = self._look("Recorder", weights)  # which makes room
            self._looks.put(0, start)

    # recording

    def see(self, weights: Any, loss: Any) -> None:
        """Take in a mini-batch: the weights after its update, and its loss before.

        Args:
            weights: A model as for Weights.from_model(): a PyTorch module of Linear layers, a list of
                arrays [W, b, W, b, ...], an MLPClassifier, a file. Arrays that fit both ways are taken
                as (fan_in, fan_out), PyTorch's tensors the other way. They are read, and copied, where
                a moment is kept; the last ones when the block is left.
            loss: A number, or a tensor with one: the mean over the mini-batch. It may be NaN: a
                training that fails is one, too.

        Raises:
            TypeError, ValueError: if there is no fully connected network, another one than before, or
                no number.
            OSError: if a file cannot be read.
        """
        number, step = number_of("see", "loss", loss), self._step + 1
        seconds = time.perf_counter() - self._begin
        if not self._sizes or self._looks.wants(step):
            look = self._look("see", weights, seconds)  # before anything changes: it may raise
            self._looks.put(step, look)
        self._step, self._seconds, self._source, self._end = step, seconds, weights, None
        self._waiting.append(number)

    def end_epoch(
        self,
        *,
        train_loss: Any = None,
        train_accuracy: Any = None,
        valid_loss: Any = None,
        valid_accuracy: Any = None,
    ) -> None:
        """Tell that an epoch has ended, and how good the network is: for curves, captions, posters.

        Args:
            train_loss: Mean per sample; None for the mean of the epoch's mini-batches.
            train_accuracy: From 0 to 1, if known.
            valid_loss: Of a validation set, if there is one.
            valid_accuracy: Likewise, from 0 to 1.

        Raises:
            TypeError, ValueError: if one is no such number, what is told is other than at the first
                epoch's end, or there has been no mini-batch.
        """
        epochs = self.history.epochs
        begin = epochs[-1]["step"] if epochs else 0
        if self._source is None or begin == self._step:
            raise ValueError("end_epoch: there must be at least 1 mini-batch before it, got 0")
        if train_loss is None:
            train_loss = np.mean(self._history.losses[begin:])
        metrics = _metrics(
            train_loss=train_loss, train_accuracy=train_accuracy,
            valid_loss=valid_loss, valid_accuracy=valid_accuracy,
        )  # fmt: skip
        told = [name for name in epochs[0] if name in _NAMES] if epochs else list(metrics)
        if told != list(metrics):
            listed = " and ".join(told)
            raise ValueError(f"end_epoch: all epochs must have {listed}, got {', '.join(metrics)}")
        look = self._look("end_epoch", self._source, self._seconds, metrics)
        self._looks.put(self._step, look, pinned=True)
        took = self._seconds - sum(epoch["seconds"] for epoch in epochs)
        epochs.append(
            {"epoch": len(epochs) + 1, "step": self._step, **metrics, "seconds": took}
        )  # fmt: skip

    def watch(self, module: Any, optimizer: Any, criterion: Any) -> Recorder:
        """See every step of a PyTorch optimizer by itself, until the block is left or close() is called.

        Args:
            module: A PyTorch module of Linear layers.
            optimizer: A PyTorch optimizer, of which every step() is a mini-batch.
            criterion: The PyTorch module that computes the loss, as torch.nn.CrossEntropyLoss(). A
                loop that calls a function instead calls see(module, loss) after the step, and not this.

        Returns:
            The recorder itself.

        Raises:
            TypeError, ValueError: if one is no such object.
            RuntimeError: if it is watching already; and from step(), if criterion was not called.
        """
        if self._hooks:
            raise RuntimeError(
                "watch: recorder must watch one training, got another; close() ends it"
            )
        check_watched(module, optimizer, criterion)
        self._output = meant(criterion)
        start = self._look("watch", module)
        if self._step == 0:
            self._looks.put(0, start)
        self._hooks = hooks(module, optimizer, criterion, self.see)
        return self

    def close(self) -> None:
        """Take the last look, and end what watch() began."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if self._source is not None:
            self._end, self._source = self._look("close", self._source, self._seconds), None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # what was recorded

    @property
    def moments(self) -> list[Moment]:
        """What was kept, as train() yields it: the start first, if that was given, and the end last."""
        losses = np.array(self.history.losses, np.float32)
        moments, before, seconds = [], 0, 0.0
        for step, look in self._all_looks():
            moments.append(
                Moment(
                    epoch=look.epoch, step=step, losses=losses[before:step],
                    weights=look.found.weights, biases=look.found.biases, metrics=look.metrics,
                    seconds=look.seconds - seconds, shape=look.found.shape,
                )
            )  # fmt: skip
            before, seconds = step, look.seconds
        return moments

    @property
    def model(self) -> Weights | None:
        """The network as it was seen last, or None: what takes a model takes a Recorder, too.

        A network that watch() has seen ends in the softmax or sigmoid that is part of its criterion.
        """
        looks = self._all_looks()
        return looks[-1][1].found if looks else None

    @property
    def history(self) -> History:
        """The loss of every mini-batch, and what end_epoch() was told; it grows with the training."""
        numbers = [float(number) for number in self._waiting]
        self._waiting.clear()
        self._history.losses.extend(numbers)
        self._history.sample_losses.extend(numbers)
        self._history.seconds = self._seconds
        return self._history

    def __iter__(self) -> Iterator[Moment]:
        """Go through the moments: what takes a list of them takes a Recorder, too."""
        return iter(self.moments)

    def film(
        self,
        path: str | os.PathLike[str],
        *,
        fps: SupportsFloat | None = None,
        theme: str = "light",
    ) -> Film:
        """Film the first layer, a frame per moment, above its mini-batch, loss and validation accuracy.

        Args:
            path: As for Film.
            fps: Frames per second; None for 30, of an animation 10, and fewer if the film would be
                shorter than ten seconds.
            theme: "light" or "dark".

        Returns:
            The film, which a notebook shows.

        Raises:
            ValueError: if nothing was recorded, or weights or losses are not finite.
            OSError: if it cannot be written.
        """
        return film(path, self.moments, self.history, fps=fps, theme=theme)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self._sizes)) or "no network yet"
        return f"Recorder({sizes}, {self._step:,} mini-batches, {len(self._looks.items())} moments)"

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.history(repr(self), self.history)

    # for its own use

    def _all_looks(self) -> list[tuple[int, _Look]]:
        """Return what was kept, by the numbers of mini-batches, and the end."""
        looks, end = self._looks.items(), self._end
        if self._source is not None:
            end = self._look("moments", self._source, self._seconds)
        if end is not None and looks[-1][0] != self._step:
            looks.append((self._step, end))
        return looks

    def _look(
        self,
        who: str,
        source: Any,
        seconds: float = 0.0,
        metrics: Mapping[str, float] | None = None,
    ) -> _Look:
        """Copy the weights as they are now.

        Raises:
            TypeError, ValueError: if they are not those of the network that was seen first.
        """
        found = self._copier.copied(who, source)
        sizes = found.sizes
        if self._sizes and sizes != self._sizes:
            now, first = ("-".join(map(str, network)) for network in (sizes, self._sizes))
            raise ValueError(f"{who}: weights must be of one network, got {now} after {first}")
        if not self._sizes:
            if self._shape and math.prod(self._shape) != sizes[0]:
                raise ValueError(f"{who}: shape must hold {sizes[0]} inputs, got {self._shape}")
            size = sum(array.nbytes for array in (*found.weights, *found.biases))
            self._looks, self._sizes = Thinned(max(2, self._room // size)), sizes
            self._history.classes = sizes[-1]
        known = found.activations
        if known and known[-1] == "identity":
            known = (*known[:-1], self._output)
        found = replace(found, shape=self._shape or found.shape, activations=known)
        return _Look(found, len(self._history.epochs) + 1, seconds, dict(metrics or {}))


def _metrics(**given: Any) -> dict[str, float]:
    """Return those numbers that were given, checked."""
    metrics = {
        name: float(number_of("end_epoch", name, value))
        for name, value in given.items()
        if value is not None
    }
    for name, value in metrics.items():
        if name.endswith("accuracy") and not 0 <= value <= 1:
            raise ValueError(f"end_epoch: {name} must be from 0 to 1, got {value:g}")
    return metrics
