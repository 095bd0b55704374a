"""Settings: the parameters of a `Classifier` go in as they were set, what a training follows comes out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import checks
from ..backend.optimizer import SGD, Adam, Optimizer

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_WHO = "Classifier"
_AUTO = 200  # samples of a mini-batch, at most, as MLPClassifier has it


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a training follows, as `Classifier` describes it."""

    hidden: tuple[int, ...]
    activation: str
    optimizer: Optimizer
    batch_size: int | None
    max_iter: int
    shuffle: bool
    tol: float
    verbose: bool
    warm_start: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int

    def batch(self, samples: int) -> int:
        """Return the samples of a mini-batch, of so many in all."""
        return self.batch_size or min(_AUTO, samples)


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Check the parameters of a Classifier.

    Raises:
        TypeError, ValueError: if one is out of its range.
    """

    def flag(name: str) -> bool:
        return checks.flag(_WHO, name, given[name])

    batch_size, part = given["batch_size"], "validation_fraction"
    automatic = isinstance(batch_size, str) and batch_size == "auto"
    activation = checks.choice(_WHO, "activation", given["activation"], tuple(ACTIVATIONS))
    return Settings(
        hidden=_hidden(given["hidden_layer_sizes"]),
        activation=ACTIVATIONS[activation],
        optimizer=_optimizer(given),
        batch_size=None if automatic else checks.count(_WHO, "batch_size", batch_size),
        max_iter=checks.count(_WHO, "max_iter", given["max_iter"]),
        shuffle=flag("shuffle"),
        tol=checks.real(_WHO, "tol", given["tol"], "0 or more", low=0),
        verbose=flag("verbose"),
        warm_start=flag("warm_start"),
        early_stopping=flag("early_stopping"),
        validation_fraction=checks.real(
            _WHO, part, given[part], "in (0, 1)", low=0, high=1, above=True, below=True
        ),
        n_iter_no_change=checks.count(_WHO, "n_iter_no_change", given["n_iter_no_change"]),
    )


def _hidden(value: Any) -> tuple[int, ...]:
    """Return the units of each hidden layer, of which one may be given as a number."""
    sizes = [value] if isinstance(value, int) else value
    return tuple(
        checks.count(_WHO, "hidden_layer_sizes", size)
        for size in checks.integers(_WHO, "hidden_layer_sizes", sizes).tolist()
    )


def _optimizer(given: Mapping[str, Any]) -> Optimizer:
    solver = checks.choice(_WHO, "solver", given["solver"], ("adam", "sgd"))
    lr, decay = (given[name] for name in ("learning_rate_init", "weight_decay"))
    if solver == "sgd":
        return SGD(lr, given["momentum"], decay)
    return Adam(lr, (given["beta_1"], given["beta_2"]), given["epsilon"], decay)


class Best:
    """The best score so far, and for how long none was better.

    Args:
        tol: What counts as better.

    Attributes:
        waited: How many scores in a row were not better than the best before them, by tol.
    """

    def __init__(self, tol: float) -> None:
        self._tol, self._best = tol, -math.inf
        self.waited = 0

    def add(self, score: float) -> bool:
        """Take in a score; tell whether it is the best so far."""
        self.waited = self.waited + 1 if score < self._best + self._tol else 0
        better = score > self._best
        self._best = max(score, self._best)
        return better
