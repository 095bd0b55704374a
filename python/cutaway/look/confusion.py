"""Confusion: counts of what was taken for what go in; a table in which mistakes stand out comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .labels import LETTER, shortened
from .panels import GAP
from .theme import THEMES, font
from .tiles import colours

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

I64 = NDArray[np.int64]
MOST = 20  # classes that have room
_SIDE, _SMALLEST, _LARGEST = 520, 26, 104  # pixels of a table, and of a cell
_SIZE = 18  # pixels of a letter's height
_NAME = 130  # pixels of a name
_BAR = 130  # pixels of a bar of 100 %
_STRONGEST = 0.75  # of the way from zero to the strongest colour: the most frequent mistake


def table(
    counts: I64, accuracies: Sequence[float], names: Sequence[str], *, theme: str = "light"
) -> Image:
    """Draw how often each class was taken for each, and which part of each is right as bars.

    Right answers are gray; mistakes are the stronger in colour the more frequent they are.

    Args:
        counts: (classes, classes), a row per true class, a column per answer.
        accuracies: (classes,), 0 to 1; NaN where a class has no samples.
        names: (classes,). Of more than 20 classes those with the most mistakes are drawn.
        theme: "light" or "dark".
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    look, kept = THEMES[theme], _kept(counts)
    cell = int(np.clip(_SIDE // len(kept), _SMALLEST, _LARGEST))
    letters = font(min(_SIZE, max(LETTER, cell // 2)))
    words = [shortened(names[n], letters, _NAME) for n in kept]
    widest = max(map(letters.getlength, words))
    left = int(widest) + GAP // 2
    upright = widest > cell - 4
    top = left if upright else cell // 2 + GAP // 2
    side = cell * len(kept)
    right = left + side + GAP + _BAR + GAP // 2 + int(letters.getlength("100.0%"))
    image = Images.new("RGB", (right + 1, top + side + 1), look.paper)
    draw = ImageDraw.Draw(image)
    _cells(draw, counts[np.ix_(kept, kept)], (left, top), cell, theme)
    draw.text((left + side + GAP, top - GAP // 2), "right", look.muted, letters, "ls")
    rated = [accuracies[n] for n in kept]
    worst = min((value for value in rated if value < 1), default=-1.0)
    for row, (word, accuracy) in enumerate(zip(words, rated, strict=True)):
        middle = top + (row + 0.5) * cell
        draw.text((left - GAP // 2, middle), word, look.ink, letters, "rm")
        _bar(draw, accuracy, (left + side + GAP, middle), cell, accuracy == worst, theme)
        x = left + (row + 0.5) * cell
        if upright:
            name = Images.new("RGB", (left - GAP // 2, cell), look.paper)
            ImageDraw.Draw(name).text((0, cell / 2), word, look.ink, letters, "lm")
            image.paste(name.rotate(90, expand=True), (int(x - cell / 2), 0))
        else:
            draw.text((x, top - GAP // 2), word, look.ink, letters, "ms")
    draw.rectangle((left, top, left + side, top + side), outline=look.gap)
    return image


def how_to_read(classes: int) -> str:
    """Tell what a table of so many classes shows, on two lines."""
    which = f"the {MOST} of {classes} classes with the most mistakes; " if classes > MOST else ""
    return f"{which}a row per class, a column per answer;\nmistakes are orange, right answers gray"


def _kept(counts: I64) -> list[int]:
    """Return the numbers of the classes that are drawn."""
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return sorted(order[:MOST].tolist())


def _cells(draw: ImageDraw, counts: I64, corner: tuple[int, int], cell: int, theme: str) -> None:
    """Write counts into cells; zero is an empty one."""
    look, left_top = THEMES[theme], np.array(corner)
    scale = colours("diverging", theme)
    wrong = counts - np.diag(counts.diagonal())
    most = int(wrong.max()) or 1
    size = min(_SIZE, cell // 2)
    while size > LETTER and font(size).getlength(str(counts.max())) > cell - 4:
        size -= 1
    letters = font(max(LETTER, size))
    faint = (0.8 * np.array(look.paper) + 0.2 * np.array(look.gap)).round()
    for row, column in np.argwhere((counts > 0) | np.eye(len(counts), dtype=bool)).tolist():
        count = int(counts[row, column])
        x, y = (left_top + cell * np.array([column, row])).tolist()
        shade, ink = faint, look.muted
        if row != column:
            shade = scale[127 + round(127 * _STRONGEST * (count / most) ** 0.5)]
            dark = shade @ np.array([0.299, 0.587, 0.114]) < 128  # ITU-R 601
            ink = THEMES["dark" if dark else "light"].ink
        draw.rectangle((x, y, x + cell, y + cell), tuple(shade.astype(int).tolist()))
        draw.text((x + cell / 2, y + cell / 2), _text(count, letters, cell), ink, letters, "mm")


def _text(count: int, letters: FreeTypeFont, room: int) -> str:
    return str(count) if letters.getlength(str(count)) <= room else f"{count / 1000:.0f}k"


def _bar(
    draw: ImageDraw, part: float, place: tuple[int, float], cell: int, worst: bool, theme: str
) -> None:
    """Draw which part of a class is right; nothing where there are no samples."""
    look, (left, middle) = THEMES[theme], place
    letters, half = font(min(_SIZE, max(LETTER, cell // 2))), max(4, min(12, cell // 4))
    if part == part:
        colour = look.second if worst else look.first
        draw.rectangle((left, middle - half, left + _BAR * part, middle + half), colour)
    text = f"{part:.1%}" if part == part else "none"
    ink = look.ink if worst else look.muted
    draw.text((left + _BAR + GAP // 2, middle), text, ink, letters, "lm")
