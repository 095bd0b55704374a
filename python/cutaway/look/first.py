"""First: accuracies of classes over a run go in, and what was lost again; the picture of both comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .curves import dress, rgb
from .ends import label_ends
from .labels import shortened
from .panels import BODY, GAP, HEAD, framed, stacked, titled, words
from .theme import THEMES, font
from .wall import wall

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

WIDTH = 1240  # pixels, without the margin
_HEIGHT = 620  # of the curves
_DPI = 100
_LETTERS = 12  # points, about as high as other letters
_LINE = 22  # pixels from a label to the next
MOST = 20  # lines that all have labels; of more, those of the first and the last, the rest is gray
_START = 0.5  # where the start is on a logarithmic axis, left of mini-batch 1
_LEFT, _LEAD, _NAME = 70, 44, 160  # pixels: left of the axes, from a line to its label, of a name
_CELL = 140  # pixels of a sample that was lost


def first_picture(
    steps: Sequence[int],
    curves: ArrayLike,
    names: Sequence[str],
    order: Sequence[int],
    samples: ArrayLike,
    captions: Sequence[str],
    *,
    titles: tuple[str, str],
    notes: tuple[str, str],
    theme: str = "light",
) -> Image:
    """Draw how well each class is recognised over a run, and samples that were learned and lost again.

    Args:
        steps: (moments,): mini-batches learned so far, 0 for the start.
        curves: (moments, classes): accuracies, 0 to 1.
        names: (classes,).
        order: Numbers of the classes, as they are coloured from blue to orange: the first learned first.
        samples: (n, height, width), 0 to 1.
        captions: (n,): what is told of the samples.
        titles: Of both parts.
        notes: Likewise, of second rank.
        theme: "light" or "dark".
    """
    top = _curves(steps, np.asarray(curves, float), names, order, theme)
    if len(captions):
        below = wall(samples, captions, width=WIDTH, cell=_CELL, theme=theme)
    else:
        below = words("None.", width=WIDTH, theme=theme)
    parts = [
        titled(image, title, note, size=HEAD, width=WIDTH, theme=theme)
        for image, title, note in zip((top, below), titles, notes, strict=True)
    ]
    return framed(stacked(parts, gap=2 * GAP, theme=theme), margin=GAP + 4, theme=theme)


def _curves(
    steps: Sequence[int],
    curves: NDArray[np.float64],
    names: Sequence[str],
    order: Sequence[int],
    theme: str,
) -> Image:
    from .figure import Figure

    look, at = THEMES[theme], np.maximum(np.asarray(steps, float), _START)
    told = list(order) if len(order) <= MOST else [*order[: MOST // 2], *order[-MOST // 2 :]]
    height = max(_HEIGHT, _LINE * (len(told) + 4))
    figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor=rgb(look.paper))
    letters = font(BODY)
    texts = [f"{shortened(names[n], letters, _NAME)}  {100 * curves[-1, n]:.3g} %" for n in told]
    right = _LEAD + math.ceil(max(map(letters.getlength, texts))) + GAP
    axes = figure.add_axes(
        (_LEFT / WIDTH, 64 / height, 1 - (_LEFT + right) / WIDTH, 1 - 80 / height)
    )
    colours = _between(look.first, look.muted, look.second, count=len(order))
    for number, colour in zip(order, colours, strict=True):
        strong, named = number in (order[0], order[-1]), number in told
        axes.plot(
            at, 100 * curves[:, number], color=colour if named else rgb(look.gap),
            lw=3.5 if strong else 1.6 if named else 0.8, zorder=2 + named,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlim=(at[0] * 0.9, at[-1]), ylim=(0, 101))
    axes.set_xlabel("mini-batches learned, on a logarithmic axis", fontsize=_LETTERS)
    axes.set_ylabel("right (%)", fontsize=_LETTERS)
    _ticks(axes, steps)
    dress(axes, look)
    coloured = dict(zip(order, colours, strict=True))
    ends = [
        (100 * float(curves[-1, n]), text, coloured[n]) for n, text in zip(told, texts, strict=True)
    ]
    label_ends(axes, ends, gap=101 * _LINE / (height - 80), lead=_LEAD, size=_LETTERS, look=look)
    return figure.image()


def _ticks(axes: Axes, steps: Sequence[int]) -> None:
    """Name powers of ten, the start and the end."""
    tens = [10**k for k in range(12) if 10**k <= steps[-1] / 1.5]
    ticks = {_START: "start"} if steps[0] == 0 else {}
    ticks |= {float(ten): f"{ten:,}" for ten in tens} | {float(steps[-1]): f"{steps[-1]:,}"}
    axes.set_xticks(list(ticks), list(ticks.values()), fontsize=_LETTERS)
    axes.tick_params(axis="y", labelsize=_LETTERS)


def _between(*colours: tuple[int, int, int], count: int) -> list[str]:
    """Return so many colours from the first to the last."""
    stops, at = np.array(colours, float), np.linspace(0, len(colours) - 1, count)
    channels = [np.interp(at, range(len(colours)), stops[:, c]) for c in range(3)]
    return [rgb((int(r), int(g), int(b))) for r, g, b in np.transpose(channels)]
