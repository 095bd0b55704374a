"""Update: a network and a mini-batch go in; what learning it changes comes out."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np

from ..backend.contract import F32, I64
from ..backend.optimizer import Optimizer
from ..data.dataset import Dataset
from ..learn.network import Network


class Taught(NamedTuple):
    """What a mini-batch taught.

    Attributes:
        network: After it.
        update: Per layer (1 + fan_in, fan_out), row 0 the bias: what was added; of plain SGD minus rate
            times gradient.
        losses: Per sample of this mini-batch, before and after.
        right: How many of its samples are recognised, before and after.
        answers: (samples,): to them, before.
    """

    network: Network
    update: list[F32]
    losses: tuple[float, float]
    right: tuple[int, int]
    answers: I64


def taught(
    network: Network, data: Dataset, numbers: I64, optimizer: Optimizer, rate: float | None = None
) -> Taught:
    """Let a copy of a network learn a mini-batch.

    Args:
        network: Stays as it is.
        data: The training set.
        numbers: Of the mini-batch's samples.
        optimizer: That learns; what it remembers is the network's.
        rate: Instead of the optimizer's lr.
    """
    after, batch = deepcopy(network), data.subset(numbers)
    answers = np.concatenate([output.argmax(axis=1) for output, _ in network.outputs(batch)])
    loss, right, samples = network._score("batch", batch)
    rates = None if rate is None else [rate]
    after.learn(range(len(batch)), len(batch), dataset=batch, optimizer=optimizer, rates=rates)
    loss_after, right_after, _ = after._score("batch", batch)
    count = int(samples.sum())
    layers = range(network.architecture.layers)
    return Taught(
        network=after, update=[after.get_weights(l) - network.get_weights(l) for l in layers],
        losses=(loss / count, loss_after / count), right=(right, right_after), answers=answers,
    )  # fmt: skip


def moved_most(update: F32, count: int) -> I64:
    """Return the units whose weights moved farthest, the farthest first.

    Args:
        update: (fan_in, units).
        count: How many, at most.
    """
    return np.argsort(-np.linalg.norm(update, axis=0), kind="stable")[:count]
