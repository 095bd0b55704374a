"""Letters: a letter and a shape go in; the letter as somebody may have written it comes out, as ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .theme import font

_FINE = 8  # times finer than the result is what is drawn
_HEIGHT = 0.72  # of the picture: that of the letter, as of handwritten digits in theirs
_PEN = 0.03  # of the picture, at both sides of a line of the font


def letter(text: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return a letter in the middle of a picture (height, width), 0 for paper and 1 for ink."""
    from PIL import Image, ImageDraw

    height, width = (_FINE * side for side in shape)
    side = min(height, width)
    drawn = Image.new("L", (2 * side, 2 * side))
    ImageDraw.Draw(drawn).text(
        (side, side), text, 255, font(side), "mm", stroke_width=round(_PEN * side)
    )
    ink = drawn.crop(drawn.getbbox())
    size = [round(_HEIGHT * side * length / max(ink.size)) for length in ink.size]
    whole = Image.new("L", (width, height))
    whole.paste(ink.resize(size), ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(whole.resize(shape[::-1], Image.Resampling.BOX), float) / 255
