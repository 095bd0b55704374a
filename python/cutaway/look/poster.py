"""Poster: the weights of some units at some moments go in, a page to print or to show comes out.

A row per unit, a column per moment: a film that hangs on a wall. All tiles have one scale of colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .describe import clipped, strength
from .labels import LETTER
from .legend import with_legend
from .panels import fitted, framed, stacked, words
from .theme import THEMES, Colour
from .tiles import F32, U8, Shape, check_weights, coloured, limits_of, tile_shape

if TYPE_CHECKING:
    from PIL.Image import Image

DPI = 150


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a poster is drawn on.

    Attributes:
        size: (width, height), pixels.
        letter: Pixels of a letter's height.
        rows: Units that are shown if nobody says which.
        columns: Moments that are shown if nobody says how many.
        most: (rows, columns) that have room for what is written beside and above them.
    """

    size: tuple[int, int]
    letter: int
    rows: int
    columns: int
    most: tuple[int, int]


PAPERS = {
    "16:9": Paper(size=(1920, 1080), letter=22, rows=7, columns=13, most=(11, 28)),
    "a4": Paper(size=(1240, 1754), letter=20, rows=10, columns=8, most=(23, 17)),
}


def draw(
    weights: F32,
    *,
    shape: Shape | None,
    heads: Sequence[str],
    names: Sequence[str],
    title: str,
    note: str,
    legend: str,
    paper: str,
    theme: str,
) -> Image:
    """Draw a poster.

    Args:
        weights: (units, moments, fan_in).
        shape: As for tiles().
        heads: Above each column: a line or two, the second of second rank.
        names: Left of each row, likewise.
        title: Of the poster.
        note: Below the title, a line of second rank.
        legend: What rows and columns are.
        paper: One of PAPERS.
        theme: "light" or "dark".

    Returns:
        An RGB image of the paper's size; its `.info["Description"]` tells what the colours mean, and
        its `.info["dpi"]` how large it is in print.
    """
    from PIL import Image as Images

    sheet, fan_in = PAPERS[paper], weights.shape[2]
    flat = check_weights("poster", weights.reshape(-1, fan_in).T, "in,out", shape)
    tile = tile_shape("poster", flat, shape, "in,out")
    limits = limits_of("poster", flat, None, "diverging")
    pixels = coloured(flat, tile, limits, "diverging", theme)

    letter, margin = sheet.letter, sheet.letter * 3 // 2
    wide, high = sheet.size[0] - 2 * margin, sheet.size[1] - 2 * margin
    top = [
        words(title, size=letter * 3 // 2, width=wide, theme=theme),
        words(note, size=letter, width=wide, muted=True, theme=theme),
    ]
    bottom = with_legend(
        Images.new("RGB", (wide, 1), THEMES[theme].paper), limits, [legend], clipped(flat, limits),
        style="diverging", theme=theme, colour=False, letter=letter,
    )  # fmt: skip
    room = wide, high - sum(part.height for part in (*top, bottom))
    strips = _strips(pixels, heads, names, room, letter, theme)
    whole = framed(stacked([*top, strips, bottom], gap=0, theme=theme), margin=margin, theme=theme)
    whole.info["Description"] = f"blue below zero, orange above, {strength(limits)}"
    whole.info["dpi"] = (DPI, DPI)
    return whole


def _strips(
    pixels: U8,
    heads: Sequence[str],
    names: Sequence[str],
    size: tuple[int, int],
    letter: int,
    theme: str,
) -> Image:
    """Draw tiles (units times moments, height, width, 3) in rows, with what stands beside and above."""
    from PIL import Image as Images

    look, moments, gap = THEMES[theme], len(heads), letter // 3
    sides = [_two_lines(name, letter, size[0] // 6, theme) for name in names]
    left, top = max(side.width for side in sides) + letter, 4 * letter
    across = (size[0] - left) / moments
    down = min((size[1] - top - letter) / len(names), 1.3 * across)
    room = int(across) - gap, int(down) - gap
    small = min(letter, max(LETTER, int(across / 5)))  # of a head, to have room above its column

    whole = Images.new("RGB", size, look.paper)
    for column, head in enumerate(heads):
        text = _two_lines(head, small, room[0], theme)
        whole.paste(text, (left + int(column * across), top - text.height))
    for number, tile in enumerate(pixels):
        row, column = divmod(number, moments)
        y = top + gap + int(row * down)
        image = _framed(tile, room, look.gap)
        whole.paste(image, (left + int(column * across), y + (room[1] - image.height) // 2))
        if column == 0:
            whole.paste(sides[row], (0, y + (room[1] - sides[row].height) // 2))
    return whole


def _two_lines(text: str, letter: int, width: int, theme: str) -> Image:
    """Write a line and maybe one of second rank below it, cut to a width."""
    first, *second = text.split("\n")
    width = min(width, max(words(line, size=letter).width for line in text.split("\n")))
    lines = [words(first, size=letter, width=width, theme=theme)]
    lines += [words(line, size=letter, width=width, muted=True, theme=theme) for line in second]
    return stacked(lines, gap=0, theme=theme)


def _framed(pixels: U8, room: tuple[int, int], line: Colour) -> Image:
    """Return a tile with a line around it, within so much room."""
    from PIL import ImageOps

    return ImageOps.expand(fitted(pixels, (room[0] - 2, room[1] - 2)), 1, line)
