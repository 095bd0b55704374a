"""Thinned: what happens at the mini-batches of a training goes in; what is kept of it comes out.

Nobody knows how long somebody else's training will be, so what is kept is dense at the beginning, where
most is learned, and ever sparser: evenly on a logarithmic axis.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

Value = TypeVar("Value")
_DENSITY = 40  # places for every e-fold of mini-batches
_START = -1  # the place of what was before the first mini-batch


class Thinned(Generic[Value]):
    """Values by mini-batch, one for each place on the axis; when they are too many, places get wider.

    Args:
        most: How many values there is room for, at least 2.
    """

    def __init__(self, most: int) -> None:
        self._most, self._density = most, float(_DENSITY)
        self._values: dict[
            int, tuple[int, Value, bool]
        ] = {}  # by place, in the order of mini-batches
        self._place, self._next = _START, 0

    def wants(self, step: int) -> bool:
        """Tell whether a mini-batch is the first of its place, or has a round number."""
        return step >= self._next

    def put(self, step: int, value: Value, *, pinned: bool = False) -> None:
        """Keep a value instead of what was at its place.

        Args:
            step: The number of its mini-batch, 0 for the start; not below that of the last value.
            value: What is kept.
            pinned: When places get wider, it stays rather than others; so do round numbers.
        """
        self._place = self._place_of(step)
        self._values[self._place] = step, value, pinned or _is_round(step)
        while len(self._values) > self._most:
            self._widen()
        self._next = min(self._end_of_place(step), _round_after(step))

    def items(self) -> list[tuple[int, Value]]:
        """Return what is kept, by the numbers of mini-batches, rising."""
        return [(step, value) for step, value, _ in self._values.values()]

    def _place_of(self, step: int) -> int:
        return math.floor(self._density * math.log(step)) if step else _START

    def _end_of_place(self, step: int) -> int:
        """Return the first mini-batch after one that has another place."""
        end = max(step + 1, math.floor(math.exp((self._place + 1) / self._density)))
        while self._place_of(end) == self._place:  # a step or two, which rounding has left out
            end += 1
        return end

    def _widen(self) -> None:
        """Join each place with its neighbour."""
        before, self._values = self._values, {}
        for place, row in before.items():
            there = self._values.get(place // 2)
            if there is None or (row[2] and not there[2]):
                self._values[place // 2] = row
        self._density /= 2
        self._place //= 2


def _is_round(step: int) -> bool:
    """Tell whether it is one of 0, 1, 2, 5, 10, 20, 50, ...: what people ask for."""
    return str(step).rstrip("0") in ("", "1", "2", "5")


def _round_after(step: int) -> int:
    """Return the next of those."""
    unit = int(10 ** (len(str(step)) - 1))
    return next(n * unit for n in (1, 2, 5, 10) if n * unit > step)
