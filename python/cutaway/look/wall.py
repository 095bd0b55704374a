"""Wall: samples and a few words about each go in, one image with all of them comes out, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .panels import BODY, GAP, beside, sample, stacked, words

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
    muted: Sequence[int] = (),
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
        muted: Which captions are of second rank.
        theme: "light" or "dark".
    """
    pixels = np.asarray(samples, float)
    scale = max(1, cell // max(pixels.shape[1:]))
    if pixels.shape[1] == 1:
        pixels = pixels.repeat(max(1, _STRIP // scale), axis=1)
    cell = max(cell, scale * pixels.shape[2])
    across = max(1, (width + gap) // (cell + gap))
    cells = [
        stacked(
            [
                sample(picture, scale, theme=theme),
                words(caption, size=size, width=cell, muted=number in muted, theme=theme),
            ],
            gap=2,
            theme=theme,
        )
        for number, (picture, caption) in enumerate(zip(pixels, captions, strict=True))
    ]
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    return stacked([beside(row, gap=gap, theme=theme) for row in rows], gap=gap, theme=theme)
