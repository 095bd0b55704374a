"""Answering: rows, picture files and datasets go in; outputs, classes and how many are right come out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F32, I64, U8
from ..data.dataset import Dataset
from ..errors import warn
from .holding import Holding
from .rows import (
    Rows,
    block_of,
    check_rows,
    far_below_chance,
    labelled,
    looks_like_the_other_kind,
    spread_as_bytes,
    square,
)


class Answering(Holding):
    """The part of a Network that is asked; its attributes are told there."""

    mean: float | None
    std: float | None
    pixels: bool | None
    shape: tuple[int, int] | None
    class_names: tuple[str, ...] | None
    whole: bool
    _told: set[str]  # of which warnings have been given: each comes once

    def activations(self, x: ArrayLike | Dataset) -> list[F32]:
        """Return every layer's activations for rows x: [(rows, fan_out), ...].

        Args:
            x: (rows, features) or (rows, height, width), or a single one of these; a Dataset stands
                for its images. Integers (and booleans) are pixels, normalised as those that the
                network learned from; floats are numbers, taken as they are. A network that learned
                from floats takes all as they are.

        Warns:
            UserWarning: once, if the rows look like the other kind.
        """
        rows = self._rows("activations", x, finite=False)
        return self._blocks(rows, range(self.architecture.layers))

    def forward(self, x: ArrayLike | Dataset) -> F32:
        """Return the output (rows, classes) for rows x; see activations()."""
        rows = self._rows("forward", x, finite=False)
        return self._blocks(rows, [self.architecture.layers - 1])[0]

    def predict(self, x: ArrayLike | Dataset | str | os.PathLike[str]) -> I64:
        """Return the class of each row of x (rows,): the number of its largest output.

        Args:
            x: Rows, as activations() takes them; or the path of a picture file, which is made like
                the pictures that the network learned from: gray, inverted if its paper is not
                theirs, and if it is of another size its ink alone, centred (or all of it scaled,
                if load_data() scaled theirs). A warning tells what was done.

        Raises:
            ValueError: if a number is not finite: which row and column; if a file is no picture, or the
                network learned from no pixels from 0 to 255.
            OSError: if a file cannot be read.
        """
        classes: I64 = self._answers("predict", x).argmax(axis=1)
        return classes

    def predict_proba(self, x: ArrayLike | Dataset | str | os.PathLike[str]) -> F32:
        """Return the probability of each class (rows, classes), for rows x or a file as in predict().

        Raises:
            ValueError: if the output is no distribution: it is of output="softmax" only.
        """
        output = self.architecture.activations[-1]
        if output != "softmax":
            raise ValueError(
                f"predict_proba: the network must have output 'softmax', got {output!r}, whose rows "
                "do not add up to 1; forward() returns them"
            )
        return self._answers("predict_proba", x)

    def top(self, x: ArrayLike | Dataset | str | os.PathLike[str], k: int = 3) -> tuple[I64, F32]:
        """Return the k best classes of each row of x, the best first, and their outputs.

        Args:
            x: Rows, or a file, as in predict().
            k: How many; of equal ones the lowest comes first.

        Returns:
            Classes (rows, k), and outputs (rows, k).
        """
        k = checks.count("top", "k", k, most=self.architecture.sizes[-1])
        output = self._answers("top", x)
        best: I64 = np.argsort(-output, axis=1, kind="stable")[:, :k]
        return best, np.take_along_axis(output, best, axis=1)

    def outputs(self, data: Dataset | Iterable[tuple[Any, Any]]) -> Iterator[tuple[F32, I64]]:
        """Yield the outputs (rows, classes) and labels (rows,) of a dataset, block after block.

        Args:
            data: As for evaluate().
        """
        for rows, labels in self._labelled("outputs", data):
            yield self._blocks(rows, [self.architecture.layers - 1])[0], labels

    def evaluate(self, data: Dataset | Iterable[tuple[Any, Any]]) -> tuple[float, float]:
        """Return the loss (mean per sample) and the accuracy (0 to 1) on a dataset.

        Args:
            data: A Dataset, or a DataLoader of one: pixels are normalised as those that the network
                learned from (if it learned from none, with the dataset's own mean and std), so
                that the answer is that of predict(). Or (x, y) mini-batches of your own, another
                library's loader among them, or a tuple (x, y) of all: rows as activations() takes
                them.

        Raises:
            ValueError: if there is no sample, or a dataset numbers the names of the classes otherwise
                than what the network learned from.

        Warns:
            UserWarning: once, if the accuracy is far below chance.
        """
        return self._rated(*self._score("evaluate", data))

    # for its own use

    def _rated(self, total: float, right: int, samples: I64) -> tuple[float, float]:
        """Return what evaluate() does, of what _score() returns."""
        count = int(samples.sum())
        if self.mean is not None and far_below_chance(right, samples):
            self._tell(
                "chance",
                f"evaluate: accuracy {right / count:.2%} is far below chance: are ink and paper swapped "
                "(255 - x), or classes numbered otherwise?",
            )
        return total / count, right / count

    def _score(self, who: str, data: Dataset | Iterable[tuple[Any, Any]]) -> tuple[float, int, I64]:
        """Return the sum of the losses, how many are right, and the samples of each class."""
        total, right = 0.0, 0
        samples = np.zeros(self.architecture.sizes[-1], np.int64)
        for rows, labels in self._labelled(who, data):
            loss, correct = self._core.evaluate(rows.x, labels, rows.mean, rows.std, rows.owner)
            total, right = total + loss, right + correct
            samples += np.bincount(labels, minlength=len(samples))
        if not samples.any():
            raise ValueError(f"{who}: data must have at least 1 sample, got 0")
        return total, right, samples

    def _rows(self, who: str, x: ArrayLike | Dataset, *, finite: bool) -> Rows:
        rows = check_rows(who, x, self.architecture.sizes[0], self.mean, self.std)
        if finite:
            checks.finite(who, "x", rows.x)
        self._tell_kind(who, rows)
        return rows

    def _labelled(self, who: str, data: object) -> Iterator[tuple[Rows, I64]]:
        known = self.mean, self.std, self.class_names
        for rows, labels in labelled(who, data, self.architecture, *known):
            self._tell_kind(who, rows)
            yield rows, labels

    def _picture(self, who: str, x: Any) -> Any:
        """Return a picture file's pixels, and anything else as it is."""
        if isinstance(x, np.ndarray) or not isinstance(
            x, str | os.PathLike
        ):  # the usual ones first
            return x
        pixels, done = self._read(who, x)
        if done:
            warn(f"{who}: {os.fspath(x)} was {done}, like the pictures that it learned from")
        return pixels

    def _read(self, who: str, x: str | os.PathLike[str]) -> tuple[U8, str]:
        """Return a picture file's pixels (1, height, width), and what was done to it in words."""
        if not self.pixels or self.mean is None or self.std is None:
            raise ValueError(f"{who}: a picture file needs a network that learned from pixels")
        if not spread_as_bytes(self.mean, self.std):
            raise ValueError(
                f"{who}: a picture file has pixels from 0 to 255, but the network learned from "
                f"others: their mean is {self.mean:.3g}, their spread {self.std:.3g}; pass rows"
            )
        from ..data.pictures import like

        path = checks.path(who, "x", x)
        features = self.architecture.sizes[0]
        shape = self.shape or square(who, features)
        return like(who, path, shape, dark=self.mean < 128, whole=self.whole)

    def _answers(self, who: str, x: Any) -> F32:
        """Return the output for rows, or a picture file, of which classes are made: NaN has none."""
        rows = self._rows(who, self._picture(who, x), finite=True)
        return self._blocks(rows, [self.architecture.layers - 1])[0]

    def _blocks(self, rows: Rows, layers: Sequence[int]) -> list[F32]:
        """Return the activations of some layers, computed as many rows at once as a core should get."""
        block = block_of(self.architecture)
        if len(rows.x) <= block:
            return list(self._core.forward(rows.x, rows.mean, rows.std, layers))
        parts = (rows.x[i : i + block] for i in range(0, len(rows.x), block))
        blocks = [self._core.forward(part, rows.mean, rows.std, layers) for part in parts]
        return [np.concatenate(layer) for layer in zip(*blocks, strict=True)]

    def _tell(self, what: str, message: str) -> None:
        """Warn, once of each thing."""
        if what not in self._told:
            self._told.add(what)
            warn(message)

    def _tell_kind(self, who: str, rows: Rows) -> None:
        """Tell if rows look like pixels to a network of numbers, or the other way round."""
        if self.pixels is None or self.mean is None or self.std is None:
            return
        if why := looks_like_the_other_kind(rows, self.pixels, self.mean, self.std):
            self._tell("kind", f"{who}: {why}")
