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

HALF = (
    0.5  # a class that is said of its own samples so much more often than of others is recognised
)
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


def class_curves(answers: I64, labels: I64, classes: int) -> tuple[F64, F64]:
    """Return of which part of its own samples, and of the others, each class is said at every moment.

    Args:
        answers: (moments, samples).
        labels: (samples,).
        classes: How many.

    Returns:
        Twice (moments, classes): what is right, and what is wrong; NaN where there are no such samples.
    """
    own = np.bincount(labels, minlength=classes)
    said = np.stack([np.bincount(row, minlength=classes) for row in answers])
    right = np.stack([np.bincount(labels[row == labels], minlength=classes) for row in answers])
    with np.errstate(invalid="ignore"):
        return right / own, (said - right) / (len(labels) - own)


def recognised_from(right: F64, wrong: F64) -> I64:
    """Return the number of the moment from which on each class is recognised, to the end: (classes,).

    That is, it is said of its own samples more often than of others, by half: who says 0 to everything
    recognises no 0. (Youden's index: Cancer 3, 1950.)

    Args:
        right: (moments, classes): of which part of its own samples a class is said.
        wrong: (moments, classes): of which part of the others.

    Returns:
        The number of moments for a class that is not recognised at the end, or has no samples.
    """
    known: Rights = right - np.nan_to_num(wrong) >= HALF
    tail = np.logical_and.accumulate(known[::-1]).sum(axis=0)
    return np.asarray(len(known) - tail, np.int64)


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
