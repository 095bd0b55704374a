"""Biography: what is known of a unit, or of all, goes in as arrays and words; a picture of it comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .describe import clipped
from .labels import shortened
from .legend import with_legend
from .panels import (
    BODY,
    GAP,
    HEAD,
    TITLE,
    bars,
    beside,
    fitted,
    framed,
    paragraph,
    sample,
    stacked,
    words,
)
from .theme import THEMES, font
from .tiles import F32, Shape, check_weights, coloured, limits_of, tile_shape

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH = 1360  # pixels of a picture without its frame
MOST = 120  # tiles of a ranking
_LARGE, _SMALL = 390, 86  # pixels of a tile's side
_LABEL = 150  # pixels of a bar's label


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Inputs that have something in common.

    Attributes:
        title: What that is.
        pixels: (n, features), 0 to 1; what is 1 is ink.
        texts: Of each, a line or two, the second of second rank.
    """

    title: str
    pixels: NDArray[np.float64]
    texts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars.

    Attributes:
        title: What is drawn.
        values: (n,).
        labels: (n,).
        texts: (n,): how each value is written.
    """

    title: str
    values: ArrayLike
    labels: Sequence[str]
    texts: Sequence[str]


def draw_life(
    weights: F32,
    past: Sequence[F32],
    *,
    shape: Shape | None,
    steps: Sequence[str],
    samples: Sequence[Samples],
    charts: Sequence[Chart],
    title: str,
    note: str,
    theme: str,
) -> Image:
    """Draw all that is known of one unit.

    Args:
        weights: (fan_in,).
        past: The same at moments of its training; if there are none, none are drawn.
        shape: As for tiles().
        steps: Of each moment, a line or two.
        samples: Rows of inputs.
        charts: Side by side below, three at most.
        title: Of the picture.
        note: Below the title: a line or several.
        theme: "light" or "dark".

    Returns:
        An RGB image, about 1,400 pixels wide.
    """
    matrix = check_weights("biography", weights, "in,out")
    tile = tile_shape("biography", matrix, shape)
    limits = limits_of("biography", matrix, "each", "diverging")
    first, *others = coloured(np.stack([weights, *past], axis=1), tile, limits, "diverging", theme)
    large = with_legend(
        _lined(first, (_LARGE, _LARGE), theme), limits, ["weights of its inputs"],
        clipped(matrix, limits), style="diverging", theme=theme, colour=False, letter=BODY,
    )  # fmt: skip
    rows = [_row("Its weights after so many mini-batches", others, steps, theme)] if others else []
    for some in samples:
        pixels = some.pixels.reshape(-1, *tile)
        drawn = [np.asarray(sample(one, 1, theme=theme)) for one in pixels]
        rows.append(_row(some.title, drawn, some.texts, theme))
    width = (WIDTH - 4 * GAP) // 3
    return _whole(
        [
            beside([large, stacked(rows, theme=theme)], gap=2 * GAP, theme=theme),
            beside([_chart(chart, width, theme) for chart in charts], gap=2 * GAP, theme=theme),
        ],
        title, note, theme,
    )  # fmt: skip


def draw_ranking(
    weights: F32,
    *,
    shape: Shape | None,
    texts: Sequence[str],
    title: str,
    note: str,
    legend: str,
    theme: str,
) -> Image:
    """Draw units one after the other, row by row, with something to tell of each.

    Args:
        weights: (fan_in, units).
        shape: As for tiles().
        texts: Of each unit, a line or two.
        title: Of the picture.
        note: Below the title.
        legend: What stands below the tiles.
        theme: "light" or "dark".

    Returns:
        As draw_life().
    """
    from PIL import Image as Images

    matrix = check_weights("biography", weights, "in,out")
    tile = tile_shape("biography", matrix, shape)
    limits = limits_of("biography", matrix, None, "diverging")
    drawn = coloured(matrix, tile, limits, "diverging", theme)
    across = math.ceil(math.sqrt(2 * len(drawn)))
    side = min(2 * _SMALL, WIDTH // across - GAP // 2)
    units = [_told(pixels, text, side, theme) for pixels, text in zip(drawn, texts, strict=True)]
    rows = [units[n : n + across] for n in range(0, len(units), across)]
    grid = stacked(
        [beside(row, gap=GAP // 2, theme=theme) for row in rows], gap=GAP // 2, theme=theme
    )
    scale = with_legend(
        Images.new("RGB", (WIDTH, 1), THEMES[theme].paper), limits, [legend], clipped(matrix, limits),
        style="diverging", theme=theme, colour=False, letter=BODY,
    )  # fmt: skip
    return _whole([grid, scale], title, note, theme)


def _whole(parts: Sequence[Image], title: str, note: str, theme: str) -> Image:
    head = stacked(
        [
            paragraph(title, size=HEAD, width=WIDTH, theme=theme),
            paragraph(note, size=TITLE, width=WIDTH, muted=True, theme=theme),
        ],
        gap=0, theme=theme,
    )  # fmt: skip
    return framed(
        stacked([head, *parts], gap=3 * GAP // 2, theme=theme), margin=2 * GAP, theme=theme
    )


def _row(title: str, tiles: Sequence[NDArray[np.uint8]], texts: Sequence[str], theme: str) -> Image:
    told = [_told(tile, text, _SMALL, theme) for tile, text in zip(tiles, texts, strict=True)]
    head = words(title, size=TITLE, theme=theme)
    return stacked([head, beside(told, gap=GAP // 2, theme=theme)], gap=GAP // 4, theme=theme)


def _told(pixels: NDArray[np.uint8], text: str, side: int, theme: str) -> Image:
    """Draw a tile with a line or two below it."""
    first, *second = text.split("\n")
    lines = [words(first, size=BODY, width=side, theme=theme)]
    lines += [words(line, size=BODY, width=side, muted=True, theme=theme) for line in second]
    return stacked([_lined(pixels, (side, side), theme), *lines], gap=0, theme=theme)


def _lined(pixels: NDArray[np.uint8], room: tuple[int, int], theme: str) -> Image:
    """Draw a tile with a line around it."""
    from PIL import ImageOps

    image = fitted(pixels, (room[0] - 2, room[1] - 2))
    return ImageOps.expand(image, 1, THEMES[theme].gap)


def _chart(chart: Chart, width: int, theme: str) -> Image:
    """Draw bars with a title above, all together so wide."""
    labels = [shortened(label, font(BODY), _LABEL) for label in chart.labels]

    def drawn(wide: int) -> Image:
        return bars(chart.values, labels, texts=chart.texts, width=wide, size=BODY, theme=theme)

    title = words(chart.title, size=TITLE, width=width, theme=theme)
    return stacked([title, drawn(width - drawn(0).width)], gap=GAP // 4, theme=theme)
