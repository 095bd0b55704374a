"""Learning: moments and labelled data go in; when which class and sample was learned comes out."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F64, I64
from ..data.dataset import Dataset
from ..learn.history import Moment
from ..learn.network import Network

HALF = 0.5  # of a class's samples: from then on it counts as recognised
Rights = NDArray[np.bool_]


class Lost(NamedTuple):
    """Samples that are wrong at the end, after the longest of their times of being right.

    Attributes:
        numbers: (n,): of the samples, those that were right longest first.
        begin: (n,): number of the first moment at which each was right.
        end: (n,): number of the first moment at which each was wrong again.
    """

    numbers: I64
    begin: I64
    end: I64


def answers_at(network: Network, moments: Sequence[Moment], data: Dataset) -> I64:
    """Return the answers to every sample at every moment: (moments, samples), numbers of classes.

    Args:
        network: Whose moments they are; it stays as it is.
        moments: Their weights are those that answer.
        data: The samples.
    """
    then = deepcopy(network)
    answers = np.empty((len(moments), len(data)), np.int64)
    for row, moment in zip(answers, moments, strict=True):
        for layer, parts in enumerate(zip(moment.biases, moment.weights, strict=True)):
            then.set_weights(layer, np.vstack(parts))
        row[:] = np.concatenate([output.argmax(axis=1) for output, _ in then.outputs(data)])
    return answers


def class_curves(right: Rights, labels: I64, classes: int) -> F64:
    """Return which part of each class is right at every moment: (moments, classes), NaN where none is.

    Args:
        right: (moments, samples).
        labels: (samples,).
        classes: How many.
    """
    samples = np.bincount(labels, minlength=classes)
    counts = np.stack([np.bincount(labels[row], minlength=classes) for row in right])
    return np.where(samples > 0, counts / np.maximum(samples, 1), np.nan)


def recognised_from(curves: F64) -> I64:
    """Return the number of the moment from which on half of a class is right, to the end: (classes,).

    Args:
        curves: (moments, classes).

    Returns:
        The number of moments for a class that is not recognised at the end, or has no samples.
    """
    moments = len(curves)
    above: Rights = curves[::-1] >= HALF
    tail = np.logical_and.accumulate(above).sum(axis=0)
    return np.asarray(moments - tail, np.int64)


def lost(right: Rights, least: int) -> Lost:
    """Return the samples that were learned and lost again; what is right from the start is luck.

    Args:
        right: (moments, samples).
        least: So many moments in a row count as learned.
    """
    samples, learned = right.shape[1], right & ~np.logical_and.accumulate(right)
    now, longest, end = (np.zeros(samples, np.int64) for _ in range(3))
    for number, row in enumerate(learned):
        now = np.where(row, now + 1, 0)
        longer = now > longest
        longest, end = np.where(longer, now, longest), np.where(longer, number + 1, end)
    numbers = np.flatnonzero(~right[-1] & (longest >= least))
    numbers = numbers[np.argsort(-longest[numbers], kind="stable")]
    return Lost(numbers, (end - longest)[numbers], end[numbers])
