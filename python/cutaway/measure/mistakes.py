"""Mistakes: a network and labelled data go in; which class was taken for which, and the worst, come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend.contract import F32, F64, I64
from ..data.dataset import Dataset
from ..learn.network import Network


def confusion(network: Network, data: Dataset | Iterable[tuple[Any, Any]]) -> I64:
    """Return how often each class was taken for each: (classes, classes).

    Args:
        network: Its largest output is its answer.
        data: As for Network.evaluate().

    Returns:
        A row per true class, a column per predicted one; the diagonal is right.

    Raises:
        ValueError: if there is no sample.
    """
    classes = network.architecture.sizes[-1]
    counts = np.zeros(classes * classes, np.int64)
    for output, labels in network.outputs(data):
        cells = labels * classes + output.argmax(axis=1)
        counts += np.bincount(cells, minlength=len(counts))
    if not counts.any():
        raise ValueError("confusion: data must have at least 1 sample, got 0")
    return counts.reshape(classes, classes)


def accuracy(network: Network, data: Dataset | Iterable[tuple[Any, Any]]) -> float:
    """Return which part is right, as Network.evaluate(), also of a network that has hardly learned."""
    _, right, samples = network._score("accuracy", data)
    return right / int(samples.sum())


def class_accuracy(counts: I64) -> F64:
    """Return which part of each class's samples is right: (classes,), NaN where there are none.

    Args:
        counts: (classes, classes), as confusion() returns.
    """
    samples = counts.sum(axis=1)
    return np.where(samples > 0, counts.diagonal() / np.maximum(samples, 1), np.nan)


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """Samples that were not recognised.

    Attributes:
        numbers: (n,): which samples.
        labels: (n,): their classes.
        classes: (n, k): the best guesses, the answer first.
        outputs: (n, k): of those classes.
    """

    numbers: I64
    labels: I64
    classes: I64
    outputs: F32


def most_confident(network: Network, dataset: Dataset, count: int, guesses: int = 3) -> Wrong:
    """Return the samples that were not recognised with the largest outputs of the wrong answer.

    Args:
        network: Its largest output is its answer.
        dataset: With labels.
        count: How many at most.
        guesses: How many classes of each, at most.
    """
    outputs = np.concatenate([output for output, _ in network.outputs(dataset)])
    best = outputs.max(axis=1)
    wrong = np.flatnonzero(outputs.argmax(axis=1) != dataset.labels)
    numbers = wrong[np.argsort(-best[wrong], kind="stable")[:count]]
    classes = np.argsort(-outputs[numbers], axis=1, kind="stable")[:, :guesses]
    return Wrong(
        numbers=numbers, labels=dataset.labels[numbers], classes=classes,
        outputs=np.take_along_axis(outputs[numbers], classes, axis=1),
    )  # fmt: skip
