"""Splits: labels go in; which samples are held back for validation and test comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
SIXTH = 6  # MNIST's 60,000 training images, 10,000 of them for validation
_ROWS = 4096  # moved at a time: bounds the memory


def stratified(numbers: I64, seed: int, sets: int) -> list[I64]:
    """Return a sixth of the samples for each of some sets, every class in proportion.

    Within a class the samples are drawn by the seed; each set is in the order of the samples. A class
    of one sample is not drawn from.

    Args:
        numbers: (n,), class numbers from 0.
        seed: The same seed gives the same split.
        sets: How many.
    """
    draw = np.random.default_rng(seed)
    members = [np.flatnonzero(numbers == c) for c in np.unique(numbers)]
    ends = np.cumsum([len(m) for m in members])
    shares = np.diff(ends // SIXTH, prepend=0)  # which add up to a sixth, exactly
    taken: list[list[I64]] = [[] for _ in range(sets)]
    for some, share in zip(members, shares, strict=True):
        shuffled, start = draw.permutation(some), 0
        for one in taken:
            count = min(int(share), len(some) - 1 - start)
            one.append(shuffled[start : start + count])
            start += count
    return [np.sort(np.concatenate(one)) for one in taken]


def moved_to_the_end(array: NDArray[Any], sets: list[I64]) -> list[NDArray[Any]]:
    """Return the rows that are in no set, and those of every set, as parts of the array itself.

    It is rearranged in place, a block at a time, so that large data are not held twice.
    """
    array = _writeable(array)
    tails = [array[numbers] for numbers in sets]
    rest = np.ones(len(array), bool)
    rest[np.concatenate(sets)] = False
    staying = np.flatnonzero(rest)
    for start in range(0, len(staying), _ROWS):
        some = staying[start : start + _ROWS]  # each stands where it goes, or behind that
        array[start : start + len(some)] = array[some]
    parts, end = [array[: len(staying)]], len(staying)
    for tail in tails:
        array[end : end + len(tail)] = tail
        parts.append(array[end : end + len(tail)])
        end += len(tail)
    return parts


def _writeable(array: NDArray[Any]) -> NDArray[Any]:
    if not array.flags.writeable:
        try:
            array.flags.writeable = True  # what a reader made is read-only, but ours
        except ValueError:
            return array.copy()
    return array
