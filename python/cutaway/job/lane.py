"""Lane: a training of a race: a variant goes in; what it leaves, and what is shown of it, come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32
from ..errors import DivergenceError
from ..learn.history import History, Moment
from ..look.board import Entry
from .kept import halved
from .result import Result
from .run import Watch, run
from .source import Data
from .variants import Variant


@dataclass(kw_only=True)
class Lane:
    """One training of a race.

    Attributes:
        variant: What to train.
        folder: Where its files go.
        steps: The mini-batches whose tiles are kept.
        scenes: Mini-batches, rising, and the first units of the first layer after them: (fan_in, shown).
        history: Of what it has learned so far.
        accuracies: On the validation set, by mini-batch.
        result: What came of it; None if it failed, or was never begun.
        failure: Why it failed, if it did.
    """

    variant: Variant
    folder: Path
    steps: list[int]
    scenes: dict[int, NDArray[Any]]
    history: History = field(default_factory=History)
    accuracies: dict[int, float] = field(default_factory=dict)
    result: Result | None = None
    failure: DivergenceError | None = None

    def learn(self, data: Data, watch: Watch, **settings: Any) -> None:
        """Train; arguments as for run(). A loss that is not finite is noted, and no error."""

        def see(moment: Moment) -> None:
            self._see(moment)
            watch(moment)

        try:
            self.result = run(
                self.variant.recipe, data, self.folder, seed=self.variant.seed, threads=1,
                pictures=False, page=False, going_on=False, watch=see,
                watch_at=lambda _: self.steps,
                measured=self.accuracies.__setitem__, **settings,
            )  # fmt: skip
            if not all(np.isfinite(layer).all() for layer in self.result.network.weights):
                last = self.steps[-1]
                self.failure = DivergenceError(f"the weights are not finite after {last}", last)
        except DivergenceError as error:
            self.failure = error

    def _see(self, moment: Moment) -> None:
        self.history.add(moment)
        if "valid_accuracy" in moment.metrics:
            self.accuracies[moment.step] = moment.metrics["valid_accuracy"]
        layer = moment.weights[0][:, : self.scenes[0].shape[1]]
        if moment.step in self.steps and np.isfinite(layer).all():
            self.scenes[moment.step] = halved(layer.copy())

    def layer(self, step: int) -> F32:
        """Return the first units after a mini-batch, or the last that are known."""
        return self.scenes[max(n for n in self.scenes if n <= step)].astype(np.float32)

    def entry(self) -> Entry:
        """Return what is shown of it."""
        verdict = self.result.verdict if self.result else None
        note = f"test set: {verdict}" if verdict else str(self.failure or "").partition("; ")[2]
        return Entry(
            name=self.variant.name, layer=self.layer(self.steps[-1]), note=note,
            losses=self.history.sample_losses, accuracies=self.accuracies,
            failed=None if self.failure is None else self.failure.step,
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Return it as plain numbers and strings."""
        return {
            "name": self.variant.name,
            "folder": str(self.folder),
            "failure": self.failure and str(self.failure),
            **(self.result.summary() if self.result else {}),
        }
