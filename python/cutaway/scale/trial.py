"""Trial: a training of a sweep: its settings and the data go in; what came of it comes out, errors too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..errors import DivergenceError
from ..learn.history import History
from ..learn.network import Network
from ..learn.recipes import make_network
from ..learn.training import mini_batches_at_once
from ..look.axes import recent_means
from ..look.pace import log_steps
from ..reprs import short_repr
from .settings import Plan
from .workers import stopped

_POINTS = 100  # of a curve, at most


@short_repr
@dataclass(kw_only=True)
class Trial:
    """What came of one training of a sweep.

    Attributes:
        number: Of its configuration, 0 for the first.
        config: The configuration as it was given.
        settings: All settings by name, those that were not given, too; not the threads.
        history: Of its training, as fit() returns.
        accuracy: On the test set if there is one, else on the validation set, 0 to 1.
        valid_accuracy: On the validation set, by which the best is chosen.
        fingerprint: Of the network: that of `cutaway train` with these settings.
        seconds: That it took, with all threads that it had.
        network: As trained, if it was to be kept.
        error: Why it failed, if it did: one sentence; the numbers above are None then.
        final: Whether another try would end the same: not if a worker died, or memory was short.
        curve: (mini-batches, losses per sample), both (points,): means of the last 50, evenly on a
            logarithmic axis.
    """

    number: int
    config: dict[str, Any]
    settings: dict[str, Any]
    history: History = field(default_factory=History)
    accuracy: float | None = None
    valid_accuracy: float | None = None
    fingerprint: str | None = None
    seconds: float = 0.0
    network: Network | None = None
    error: str | None = None
    final: bool = True
    curve: tuple[list[int], list[float]] = ([], [])

    def __repr__(self) -> str:
        told = f"error={self.error!r}" if self.error else f"accuracy={self.accuracy}"
        return f"Trial({self.number}, {self.config}, {told}, seconds={self.seconds:.3g})"

    def row(self) -> dict[str, Any]:
        """Return all but the network and the losses of every mini-batch, as JSON has it."""
        kept = {**vars(self), "epochs": self.history.epochs}
        del kept["network"], kept["history"]
        return kept


def trial_of(row: Mapping[str, Any]) -> Trial:
    """Return a trial by its row.

    Raises:
        KeyError, TypeError: if it is none.
    """
    told = dict(row)
    history = History(epochs=told.pop("epochs"))
    steps, losses = told.pop("curve")
    return Trial(history=history, curve=(steps, losses), **told)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a worker is given.

    Attributes:
        number: As of the Trial.
        config: Likewise.
        plan: What to train, and how.
        threads: For it, unless its plan has a number.
        keep: Whether the network is to come back.
    """

    number: int
    config: dict[str, Any]
    plan: Plan
    threads: int
    keep: bool

    def trial(self, **told: Any) -> Trial:
        """Return what came of it."""
        return Trial(number=self.number, config=self.config, settings=self.plan.key, **told)


def train_one(task: Task, *sets: Dataset) -> Trial | None:
    """Train in a worker; return None if nobody waits for it any more.

    Args:
        task: What to train.
        sets: Training and validation set; a test set, if there is one.
    """
    trial, begin = task.trial(), time.perf_counter()
    try:
        network = _learn(task, sets, trial.history)
        if network is None:
            return None
        last = trial.history.epochs[-1]["valid_accuracy"]
        trial.valid_accuracy = float(last)
        trial.accuracy = float(network.evaluate(sets[2])[1]) if len(sets) > 2 else float(last)
        trial.fingerprint = network.fingerprint()
        trial.network = network if task.keep else None
    except MemoryError as error:
        trial.error, trial.final = str(error) or "not enough memory", False
    except Exception as error:  # one row among the others, whatever it is
        trial.error = str(error) or type(error).__name__
    trial.curve = _curve(trial.history.sample_losses)
    trial.seconds = time.perf_counter() - begin
    return trial


def _learn(task: Task, sets: tuple[Dataset, ...], history: History) -> Network | None:
    plan, (train, valid) = task.plan, sets[:2]
    recipe = plan.recipe
    network = make_network(recipe, sets, plan.seed, plan.backend, plan.threads or task.threads)
    network.history = history
    every = mini_batches_at_once(network, recipe.batch_size)
    with closing(recipe.train(network, train, valid=valid, seed=plan.seed, every=every)) as moments:
        for moment in moments:
            history.add(moment)
            if stopped():
                return None
    if not all(np.isfinite(layer).all() for layer in (*network.weights, *network.biases)):
        last = len(history.losses)
        raise DivergenceError(
            f"train: the weights must stay finite, got others after {last:,}", last
        )
    return network


def _curve(losses: list[float]) -> tuple[list[int], list[float]]:
    """Return where the losses went, in few points."""
    if not losses:
        return [], []
    steps = log_steps(len(losses), _POINTS)
    means = recent_means(losses)[np.array(steps) - 1]
    return steps, [float(f"{mean:.5g}") for mean in means]
