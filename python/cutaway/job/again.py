"""Again: an earlier run and its data go in; the network just before one of its mini-batches comes out."""

from __future__ import annotations

import warnings
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from ..backend.contract import I64
from ..backend.optimizer import Optimizer
from ..data.dataset import Dataset
from ..learn.network import Network
from ..learn.recipes import Recipe
from .earlier import Earlier
from .run import Training
from .source import Data

_NEAR = 0.01  # how much the losses of another machine may differ, relatively


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A mini-batch of a training.

    Attributes:
        network: As it was just before it.
        data: What it was taken from: the training set, or that moved in all ways.
        numbers: Of the samples in there.
        optimizer: That learns.
        rate: Of this mini-batch.
        epoch: 1 for the first.
    """

    network: Network
    data: Dataset
    numbers: I64
    optimizer: Optimizer
    rate: float
    epoch: int


def lesson(earlier: Earlier, data: Data, number: int) -> Lesson:
    """Train as an earlier run did, up to a mini-batch.

    Args:
        earlier: The run.
        data: That it had.
        number: Of the mini-batch; 1 for the first.

    Raises:
        ValueError: if that is a model alone, there is no such mini-batch, or the losses are not those
            of the run.
    """
    if not earlier.recipe:
        raise ValueError("batch: run must be a folder of cutaway train, got a model alone")
    if not 1 <= number <= len(earlier.history.losses):
        last = len(earlier.history.losses)
        raise ValueError(f"batch: number must be from 1 to {last:,}, got {number:,}")
    training = _training(earlier, data)
    network = _before(training, earlier, number)
    epoch, place = divmod(number - 1, training.epoch)
    size = training.recipe.batch_size
    loader = training.recipe.loader(data[0], training.seed)
    order = loader.order(epoch)
    optimizer = training.recipe.make_optimizer()
    factor = training.recipe.make_schedule().factors(np.array([number - 1]), training.last)[0]
    return Lesson(
        network=network, data=loader.direct or data[0],
        numbers=order[place * size : (place + 1) * size], optimizer=optimizer,
        rate=optimizer.lr * float(factor), epoch=epoch + 1,
    )  # fmt: skip


def _training(earlier: Earlier, data: Data) -> Training:
    try:
        recipe = Recipe(**{**earlier.recipe, "hidden": tuple(earlier.recipe["hidden"])})
    except (TypeError, KeyError) as error:
        raise ValueError(f"batch: the run's history has no recipe of ours: {error}") from None
    return Training(recipe, data, earlier.seed, "cpu", None)


def _before(training: Training, earlier: Earlier, number: int) -> Network:
    """Return the network before a mini-batch, whose loss and those before it are checked."""
    network = training.network()
    before, losses = deepcopy(network), np.empty(0, np.float32)
    at = [step for step in (number - 1, number) if step]
    with warnings.catch_warnings(), closing(training.moments(network, at, None)) as moments:
        warnings.simplefilter("ignore")  # they have been told
        for moment in moments:
            losses = np.append(losses, moment.losses)
            if moment.step == number - 1:
                before = deepcopy(network)
            if moment.step == number:
                break
    told = np.array(earlier.history.losses[:number])
    for place in np.flatnonzero(~np.isclose(losses, told, rtol=_NEAR)):
        raise ValueError(
            f"batch: run must train to the same losses again, got {losses[place]:.4g} instead of "
            f"{told[place]:.4g} for mini-batch {place + 1:,}: were its data or its history changed?"
        )
    return before
