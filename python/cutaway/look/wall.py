"""Wall: samples and a few words about each go in, one image with all of them comes out, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .panels import BODY, GAP, beside, sample, stacked, words
from .theme import THEMES

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP = 24  # pixels of the height of a sample that is no picture


def wall(
    samples: ArrayLike,
    captions: Sequence[str],
    *,
    width: int,
    cell: int,
    gap: int = GAP,
    size: int = BODY,
    edge: bool = False,
    theme: str = "light",
) -> Image:
    """Draw samples in rows, each above its words.

    Args:
        samples: (n, height, width), 0 to 1; a row of numbers has height 1.
        captions: (n,): below each, of one line or several, cut to the sample's width.
        width: Pixels of all, about.
        cell: Pixels of a sample's longer side, at most, and of its words.
        gap: Pixels between samples.
        size: Pixels of a letter's height.
        edge: Draw a line around each, so that a blank one can be seen.
        theme: "light" or "dark".
    """
    across = max(1, (width + gap) // (cell + gap))
    cells = [
        stacked(
            [
                _edged(fitted(picture, cell, theme=theme), edge, theme),
                words(caption, size=size, width=cell, theme=theme),
            ],
            gap=2,
            theme=theme,
        )
        for picture, caption in zip(np.asarray(samples), captions, strict=True)
    ]
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    return stacked([beside(row, gap=gap, theme=theme) for row in rows], gap=gap, theme=theme)


def _edged(image: Image, edge: bool, theme: str) -> Image:
    from PIL import ImageDraw

    if edge:
        corner = image.width - 1, image.height - 1
        ImageDraw.Draw(image).rectangle((0, 0, *corner), outline=THEMES[theme].gap)
    return image


def fitted(pixels: ArrayLike, room: int, *, theme: str = "light") -> Image:
    """Draw a sample (height, width), 0 to 1, as large as there is room for; a row of numbers as a strip."""
    from PIL import Image as Images

    shares = np.asarray(pixels, float)
    scale = room // max(shares.shape)
    if shares.shape[0] == 1:
        shares = shares.repeat(-(-_STRIP // max(1, scale)), axis=0)
    image = sample(shares, max(1, scale), theme=theme)
    if scale:
        return image
    height = (
        _STRIP if len(np.asarray(pixels)) == 1 else max(1, image.height * room // max(image.size))
    )
    return image.resize(
        (max(1, image.width * room // max(image.size)), height), Images.Resampling.BOX
    )
