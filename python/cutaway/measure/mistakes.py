"""Mistakes: a network and labelled data go in; which class was taken for which comes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..backend.contract import F64, I64
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
