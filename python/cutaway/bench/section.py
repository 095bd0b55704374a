"""What a section of the comparison is: who takes part, how it measures, its rows and its bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .rounds import Setting

Part = dict[str, Any]  # what a section measured: numbers and strings, for JSON
Row = list[str] | str  # cells, which are aligned; or a sentence below them


class Bar(NamedTuple):
    """A bar of the plot.

    Attributes:
        label: Whose it is.
        length: In any unit: bars are compared within a section.
        beside: The number, in words.
        own: It is cutaway's.
    """

    label: str
    length: float
    beside: str
    own: bool


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the comparison.

    Attributes:
        title: Of its bars.
        run: Measures; yields its result so far after every round.
        rows: Gives the rows of the table.
        bars: Gives the bars of the plot.
        line: Gives the length of a bar that is as good as the others, if that is worth a line.
        contenders: Who may take part in it.
        on_gpu: Who may take part in it on a GPU; nobody where it is not measured there.
        by_name: It is measured only where it is asked for.
    """

    title: str
    run: Callable[[Setting], Iterator[Part]]
    rows: Callable[[Part], list[Row]]
    bars: Callable[[Part], list[Bar]]
    line: Callable[[Part], float | None] = lambda _: None
    contenders: tuple[str, ...]
    on_gpu: tuple[str, ...] = ()
    by_name: bool = False

    def among(self, backend: str) -> tuple[str, ...]:
        """Return who may take part on a backend, "cpu" or "cuda"."""
        return self.on_gpu if backend == "cuda" else self.contenders
