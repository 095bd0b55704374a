"""Ends: a plot's lines go in; each gets its words at its right end, apart from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .curves import rgb
from .theme import FAMILY, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def label_ends(
    axes: Axes,
    ends: Sequence[tuple[float, str, str]],
    *,
    gap: float,
    lead: int,
    size: float,
    look: Theme,
) -> None:
    """Write at the right of a plot, whose axis has its limits, what each line is.

    Args:
        axes: The plot.
        ends: Of each line (value at its end, words, colour).
        gap: Between words, in units of the values.
        lead: Pixels from a line's end to its words.
        size: Of letters, in points.
        look: Of the lines that lead to the words.
    """
    high = axes.get_ylim()[1]
    heights = spread([value for value, _, _ in ends], gap, high)
    for (value, text, colour), y in zip(ends, heights, strict=True):
        axes.annotate(
            text, (1, value / high), (1 + lead / axes.bbox.width, y / high), xycoords="axes fraction",
            color=colour, fontsize=size, family=FAMILY, va="center", annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": rgb(look.muted), "relpos": (0, 0.5),
                "shrinkA": 1, "shrinkB": 2,
            },
        )  # fmt: skip


def spread(values: Sequence[float], gap: float, high: float) -> list[float]:
    """Return where labels stand, from 0 to `high`: near to their values, and a gap apart."""
    order = np.argsort(-np.asarray(values), kind="stable")
    placed, ceiling, floor = np.array(values, float), high, 0.0
    for number in order:
        placed[number] = min(placed[number], ceiling)
        ceiling = placed[number] - gap
    for number in order[::-1]:
        placed[number] = max(placed[number], floor)
        floor = placed[number] + gap
    return [float(place) for place in placed]
