"""The method: contenders take turns, round after round, each after a pause; out come medians and ratios."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .model import Link

R = TypeVar("R")

Times = dict[str, list[float]]  # seconds of every counted round, by contender
Call = Callable[[], Any]
LEAST = 0.005  # seconds that a timing lasts: shorter calls are repeated within it


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a section is to be run.

    Attributes:
        contenders: Who may take part, cutaway first.
        repeats: Rounds that are counted, after one that is not.
        threads: Of every contender.
        talk: Is told what happens.
        backend: Of cutaway, and where the others compute: "cpu", or "cuda" for a GPU.
        quiet: Seconds before every turn: BLAS and OpenMP keep their threads spinning for a while
            after a call.
        link: Between the ranks that a model is asked of; None for those that there are.
    """

    contenders: tuple[str, ...]
    repeats: int
    threads: int
    talk: Callable[[str], None]
    backend: str = "cpu"
    quiet: float = 0.25
    link: Link | None = None

    def among(self, names: Sequence[str]) -> list[str]:
        """Return those of the contenders that are among `names`."""
        return [name for name in self.contenders if name in names]


def alternate(
    works: Mapping[str, Callable[[int], R]], setting: Setting, warm_up: bool = True
) -> Iterator[dict[str, R]]:
    """Let all work in turn and yield what each returned, round after round.

    Another contender begins in every round, so that none always follows the same one.

    Args:
        works: By name what to call with the number of the round, 0 for the one that warms up.
        setting: How many rounds to yield, and how quiet it is before every turn.
        warm_up: Begin with a round that is not yielded.
    """
    names = list(works)
    for number in range(0 if warm_up else 1, setting.repeats + 1):
        first = number % len(names)
        row = {}
        for name in names[first:] + names[:first]:
            time.sleep(setting.quiet)
            row[name] = works[name](number)
        if number:
            yield {name: row[name] for name in names}


def clocked(work: Callable[[int], object]) -> Callable[[int], float]:
    """Return a function that does the work and returns the seconds it took."""

    def clock(number: int) -> float:
        begin = time.perf_counter()
        work(number)
        return time.perf_counter() - begin

    return clock


def clock(call: Call, loops: int) -> float:
    """Return the seconds of a call: the mean of so many."""
    begin = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - begin) / loops


def loops_of(call: Call) -> int:
    """Return how often to repeat a call within one timing."""
    return math.ceil(LEAST / min(clock(call, 1) for _ in range(3)))


def gather(times: Times, row: Mapping[str, float]) -> None:
    """Append the seconds of a round."""
    for name, seconds in row.items():
        times.setdefault(name, []).append(seconds)


def medians(times: Times) -> dict[str, float]:
    """Return every contender's median."""
    return {name: statistics.median(values) for name, values in times.items()}


def ratios(times: Times, base: str) -> dict[str, float]:
    """Return how many times as long as `base` the others take: ratios of medians.

    A reader can check them by dividing what is shown. The medians of the rounds' ratios, which
    follow a disturbed machine more closely, read as a mistake beside the medians of the times.
    """
    middle = medians(times)
    return {name: value / middle[base] for name, value in middle.items() if name != base}
