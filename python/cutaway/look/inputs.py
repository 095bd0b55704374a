"""Inputs: a sample, or numbers for each of its pixels, go in; a picture with a thin frame comes out.

What is no picture is a strip: a column for each input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .panels import sample
from .raster import is_strip
from .theme import THEMES
from .tiles import coloured

if TYPE_CHECKING:
    from PIL.Image import Image

_LINE = 1  # pixels of the frame
_STRONG = 0.99  # quantile


def ink(pixels: ArrayLike, shape: Sequence[int], side: int, *, theme: str = "light") -> Image:
    """Draw a sample.

    Args:
        pixels: (features,), from 0 for paper to 1 for ink.
        shape: (height, width).
        side: Pixels of the picture's longer side, within the frame.
        theme: "light" or "dark".
    """
    return _framed(sample(np.reshape(pixels, shape), 1, theme=theme), side, theme)


def signed(
    values: ArrayLike,
    shape: Sequence[int],
    side: int,
    *,
    limit: float | None = None,
    theme: str = "light",
) -> Image:
    """Draw a number for each pixel: orange above zero, blue below.

    Args:
        values: (features,).
        shape: (height, width).
        side: As for ink().
        limit: The number with the strongest colour; strong() if None.
        theme: "light" or "dark".
    """
    from PIL import Image as Images

    column = np.asarray(values, np.float32).reshape(-1, 1)
    limits = np.array([limit or strong(column)], np.float32)
    height, width = shape
    (pixels,) = coloured(column, (height, width), limits, "diverging", theme)
    return _framed(Images.fromarray(pixels), side, theme)


def strong(values: ArrayLike) -> float:
    """Return the number that gets the strongest colour: 1 in 100 is stronger, so that the rest is seen."""
    sizes = np.abs(np.asarray(values, float))
    limit = float(np.quantile(sizes, _STRONG)) or float(sizes.max())
    return max(limit, float(np.finfo(np.float32).tiny))


def _framed(image: Image, side: int, theme: str) -> Image:
    """Return an image enlarged, or made smaller, to a side's length, and a line around it."""
    from PIL import Image as Images
    from PIL import ImageOps

    factor = side / max(image.size)
    width, height = (max(1, round(factor * n)) for n in image.size)
    if is_strip((image.height, image.width)):
        height = side // 3
    how = Images.Resampling.NEAREST if factor >= 1 else Images.Resampling.BOX
    return ImageOps.expand(image.resize((width, height), how), _LINE, THEMES[theme].gap)
