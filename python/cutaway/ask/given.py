"""Given: what a question is asked of, checked: moments, units, names; and which moments tell most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..learn.history import Moment

_ROUND = [0, *(n * 10**k for k in range(12) for n in (1, 2, 5))]  # mini-batches people ask for
_FINE = sorted({*_ROUND, *(n * 10**k // 10 for k in range(13) for n in (15, 30, 70))})


def check_moments(who: str, value: object) -> list[Moment]:
    """Return the Moments of one training, from a list or a generator of them.

    Raises:
        TypeError: if they are none.
        ValueError: if they are of networks of different sizes.
    """
    try:
        moments = list(iter(value))  # type: ignore[call-overload]
    except TypeError:
        moments = [None]
    if not all(isinstance(moment, Moment) for moment in moments):
        raise TypeError(f"{who}: moments must be a list of Moments, got {checks.shown(value)}")
    sizes = {tuple(w.shape for w in moment.weights) for moment in moments}
    if len(sizes) > 1:
        raise ValueError(
            f"{who}: moments must be of one training, got layers of {checks.shown(sorted(sizes))}"
        )
    return moments


def check_unit(who: str, name: str, value: object, units: int) -> int:
    """Return the number of a unit.

    Raises:
        TypeError: if it is no integer.
        IndexError: if there is no such unit.
    """
    try:
        return checks.count(who, name, value, 0, units - 1)
    except ValueError as error:
        raise IndexError(str(error)) from None


def check_units(who: str, name: str, value: ArrayLike, units: int, most: int) -> list[int]:
    """Return numbers of units, from one to `most`; errors as of check_unit()."""
    numbers = checks.integers(who, name, value).tolist()
    if not 1 <= len(numbers) <= most:
        raise ValueError(f"{who}: {name} must be 1 to {most} numbers, got {len(numbers)}")
    return [check_unit(who, name, number, units) for number in numbers]


def check_names(who: str, value: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers for None."""
    if value is None:
        return tuple(map(str, range(classes)))
    names = checks.texts(who, "class_names", value)
    if len(names) != classes:
        raise ValueError(f"{who}: class_names must be one per class ({classes}), got {len(names)}")
    return names


def looks(moments: Sequence[Moment], most: int) -> list[Moment]:
    """Return the moments nearest to round numbers of mini-batches, the first and the last among them.

    Args:
        moments: From the start of a training to its end.
        most: How many are wanted: of 0, 1, 2, 3, 5, 7, 10, 15, ..., if there is room, or else of
            0, 1, 2, 5, 10, 20, ..., evenly.
    """
    if not moments:
        return []
    steps = np.array([moment.step for moment in moments])
    for wanted in (_FINE, _ROUND):
        near = {int(np.abs(steps - n).argmin()) for n in wanted if n < steps[-1]}
        numbers = sorted({0, *near, len(moments) - 1})
        if len(numbers) <= most:
            break
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [moments[numbers[place]] for place in places]
