"""Labels: class numbers, one-hot rows or text go in; class numbers and names of classes come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import checks

I64 = NDArray[np.int64]


class Labels(NamedTuple):
    """The labels of a dataset.

    Attributes:
        numbers: (n,), class numbers from 0.
        classes: How many classes there are at least: those of the names, or of one-hot rows; else 0.
        names: Of every class, or None.
    """

    numbers: I64
    classes: int
    names: tuple[str, ...] | None


def encode(
    who: str, value: object, rows: int | None = None, names: Sequence[str] | None = None
) -> Labels:
    """Return labels as class numbers.

    Text is turned into class numbers, in the order of `names`, or of the alphabet if there are none;
    text that is whole numbers only ("5") stands for those.

    Args:
        who: Begins the sentence of an error.
        value: (n,) or (n, 1) class numbers or text, or (n, classes) one-hot rows.
        rows: How many labels there must be; None for any number.
        names: Of the classes, or None.

    Raises:
        TypeError: if the labels are neither numbers nor text.
        ValueError: if one has no class.
    """
    given = None if names is None else check_names(who, names)
    array = checks.array_of(who, "labels", value)
    if array.dtype == object and array.ndim:  # of a DataFrame: text, or Python's numbers
        array = _plain(who, array)
    if array.dtype.kind in "ST":
        array = array.astype(np.str_)
    if array.dtype.kind == "U":
        array, given = _numbered(who, array, given)
    n = len(array) if rows is None and array.ndim else rows
    numbers = checks.labels(who, array, 1 if n is None else n)
    classes = array.shape[1] if array.ndim == 2 and array.shape[1] > 1 else 0
    if given is None:
        return Labels(numbers, classes, None)
    classes = max(classes, 1 + int(numbers.max(initial=-1)))
    if classes > len(given):
        raise ValueError(f"{who}: class_names must be one per class ({classes}), got {len(given)}")
    return Labels(numbers, len(given), given)


def check_names(who: str, names: object) -> tuple[str, ...]:
    """Return the names of classes, which differ.

    Raises:
        TypeError: if they are no sequence of text.
        ValueError: if one comes twice.
    """
    listed = checks.texts(who, "class_names", names)
    if len(set(listed)) < len(listed):
        twice = next(name for i, name in enumerate(listed) if name in listed[:i])
        raise ValueError(f"{who}: class_names must differ, got {checks.shown(twice)} twice")
    return listed


def _plain(who: str, objects: NDArray[np.object_]) -> NDArray[Any]:
    """Return an array of objects as one of text or of numbers."""
    others = [value for value in objects.flat if not isinstance(value, str)]
    if 0 < len(others) < objects.size:
        raise TypeError(
            f"{who}: labels must be all text or all numbers, got {checks.shown(others[0])} among text"
        )
    return checks.array_of(who, "labels", objects.tolist())


def _numbered(
    who: str, text: NDArray[np.str_], names: tuple[str, ...] | None
) -> tuple[NDArray[Any], tuple[str, ...] | None]:
    """Return the class numbers that text stands for, and the names if there are any."""
    text = np.char.strip(text)
    if names is None:
        if text.size and np.char.isdecimal(text).all():
            try:
                return text.astype(np.int64), None
            except (OverflowError, ValueError):
                longest = checks.shown(str(max(text.flat, key=len)))
                raise ValueError(f"{who}: labels must be class numbers, got {longest}") from None
        found, numbers = np.unique(text, return_inverse=True)
        return numbers.reshape(text.shape), tuple(str(name) for name in found)
    place = {name: number for number, name in enumerate(names)}
    unknown = next((str(t) for t in np.unique(text) if str(t) not in place), None)
    if unknown is not None:
        raise ValueError(f"{who}: labels must be among class_names, got {checks.shown(unknown)}")
    return np.vectorize(place.__getitem__, otypes=[np.int64])(text), names


def check_numbered_alike(
    who: str, learned: Sequence[str] | None, names: Sequence[str] | None
) -> None:
    """Raise ValueError if a name stands for one class in a training set, and for another in a set.

    Each set numbers its text by the alphabet: without a sample of the first class, the others are one
    less. That names differ does not matter: they may be of another language.
    """
    if learned is None or names is None or learned == names:
        return
    place = {name: number for number, name in enumerate(learned)}
    for number, name in enumerate(names):
        if place.get(name, number) != number:
            raise ValueError(
                f"{who}: class {checks.shown(name)} is number {number} in these data, but "
                f"{place[name]} in what the network learned from; make them with "
                "class_names=train_set.class_names"
            )


def far_off(numbers: I64) -> str | None:
    """Tell of a label that hardly is a class: a byte of a file that is damaged, or a code for "unknown".

    There are more numbers without a sample below it than classes, and few samples from it on: 1 in 100.
    """
    if not len(numbers):
        return None
    present, first, counts = np.unique(numbers, return_index=True, return_counts=True)
    above = counts[::-1].cumsum()[::-1]  # samples from each class on
    gaps = np.diff(present, prepend=present[0]) - 1
    far = np.flatnonzero((gaps > np.arange(len(present))) & (100 * above <= len(numbers)))
    if not len(far):
        return None
    place = far[0]
    return (
        f"row {first[place]} (counted from 0) has label {present[place]}, where "
        f"{len(numbers) - above[place]:,} of {len(numbers):,} are at most {present[place - 1]}"
    )


def absent(numbers: I64, classes: int) -> list[int]:
    """Return the classes of which there is no sample."""
    return np.flatnonzero(np.bincount(numbers, minlength=classes)[:classes] == 0).tolist()
