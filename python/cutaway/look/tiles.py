"""Tiles: weights go in, an array of pixels comes out, one tile per unit; fast enough for a film.

Signed weights are shown on a diverging scale: zero is the paper, positive orange, negative blue (a pair
that colour-blind readers tell apart), the same magnitude equally strong on both sides. Those of colour
pictures are colours around a middle gray that is zero: three diverging tiles side by side would take
three times the ink, and nobody adds red, green and blue up in the head.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..errors import warn
from .theme import THEMES

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Shape = tuple[int, int] | tuple[int, int, int]
STYLES = ("diverging", "classic")
LAYOUTS = ("in,out", "out,in")
RED = (255, 0, 0)  # lines of "classic"

_SMALLEST = 64  # pixels of what looks like a picture
_STRONG = 0.999  # quantile of |weights| that gets the strongest colour


@cache
def colours(style: str, theme: str = "light") -> U8:
    """Return the colours of -limit ... +limit, (255, 3); number 127 is zero."""
    t = np.linspace(-1, 1, 255)
    if style == "classic":  # the tutorial's: gray, and black for all that is negative
        return np.repeat((255 * t.clip(0)).round().astype(np.uint8)[:, np.newaxis], 3, axis=1)
    look = THEMES[theme]
    stops = np.array([*look.negative, look.zero, *look.positive], float)
    at = np.linspace(-1, 1, len(stops))
    return np.stack([np.interp(t, at, stops[:, c]) for c in range(3)], 1).round().astype(np.uint8)


def check_weights(
    who: str,
    weights: ArrayLike,
    layout: str | None = None,
    shape: Shape | None = None,
) -> F32:
    """Return finite weights (fan_in, units), from such, from (units, fan_in) or one unit's (fan_in,).

    Warns:
        UserWarning: if no layout and no shape says which axis is a picture, and only the units' is one.
    """
    if layout is not None:
        checks.choice(who, "layout", layout, LAYOUTS)
    array = checks.floats(who, "weights", weights)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{who}: weights must be (fan_in, units) or (fan_in,), got shape {array.shape}"
        )
    checks.finite(who, "weights", array)
    if array.ndim == 1:
        return array[:, np.newaxis]
    fan_in, units = array.shape
    # Widening layers are rare, but 784 wide ones but for pixels rarer.
    picture = _is_square(units) and (units > fan_in or units == 784) and units >= _SMALLEST
    if layout is None and shape is None and picture and not _is_square(fan_in):
        warn(
            f"{who}: weights {array.shape} are drawn as (fan_in, units), {units} tiles of {fan_in}; "
            'if they are (units, fan_in), as PyTorch has them, pass layout="out,in" or transpose '
            'them, and if not, layout="in,out"'
        )
    return array.T if layout == "out,in" else array


def _is_square(n: int) -> bool:
    return math.isqrt(n) ** 2 == n


def tile_shape(
    who: str, weights: F32, shape: Shape | None, layout: str | None = None
) -> tuple[int, int]:
    """Return a tile's (height, width): what is given, or a square if it may be a picture, else a strip.

    Of colour pictures, a pixel has three weights.
    """
    fan_in, units = weights.shape
    if shape is None:
        side = math.isqrt(fan_in)
        picture = _is_square(fan_in) and fan_in >= _SMALLEST  # four measures of a flower are none
        return (side, side) if picture else (1, fan_in)
    height, width, *three = checks.image_shape(who, "shape", shape)
    if math.prod((height, width, *three)) != fan_in:
        hint = ""
        if height * width == units:
            other = LAYOUTS[layout != "out,in"]
            hint = f', which fits the other axis: transpose the weights, or pass layout="{other}"'
        raise ValueError(
            f"{who}: shape must hold {fan_in} weights, got {(height, width, *three)}{hint}"
        )
    return height, width


def limits_of(who: str, weights: F32, limit: float | str | None, style: str) -> F32:
    """Return the weight that gets the strongest colour: (1,) for all, or (units,)."""
    if limit is None:
        limit = "each" if style == "classic" else float(np.quantile(np.abs(weights), _STRONG))
        limit = limit or float(np.abs(weights).max()) or 1.0  # all zero: any limit will do
    smallest, largest = np.finfo(np.float32).tiny, np.finfo(np.float32).max
    if isinstance(limit, str):
        if limit != "each":
            raise ValueError(
                f"{who}: limit must be above 0, 'each' or None, got {checks.shown(limit)}"
            )
        limits = np.abs(weights).max(axis=0)
        limits[limits == 0] = 1
    else:
        number = checks.real(who, "limit", limit, "above 0, 'each' or None", low=0, above=True)
        limits = np.array([min(number, largest)], np.float32)
    result: F32 = np.maximum(limits, smallest)
    return result


def coloured(weights: F32, shape: tuple[int, int], limits: F32, style: str, theme: str) -> U8:
    """Return the tiles of weights (fan_in, units), a pixel per weight: (units, height, width, 3)."""
    units = weights.shape[1]
    with np.errstate(over="ignore"):  # what is far above the limit is clipped all the same
        levels = weights.T / (limits / 127)[:, np.newaxis]
    numbers = np.clip(np.rint(levels), -127, 127).astype(np.int16) + 127
    if weights.shape[0] == math.prod(shape):
        return colours(style, theme).take(numbers, axis=0).reshape(units, *shape, 3)
    return channel(style).take(numbers).reshape(units, *shape, 3)


def channel(style: str) -> U8:
    """Return how bright a colour of a colour picture is, from -limit to +limit: (255,)."""
    return colours(style)[:, 0] if style == "classic" else np.arange(255, dtype=np.uint8)


def tiles(
    weights: ArrayLike,
    *,
    shape: Shape | None = None,
    columns: int | None = None,
    limit: float | str | None = None,
    style: str = "diverging",
    border: bool | None = None,
    layout: str | None = None,
    theme: str = "light",
) -> U8:
    """Draw a layer as an array of pixels: fast enough for every frame of a film.

    Args:
        weights: (fan_in, units), one unit's (fan_in,), or what `layout` says.
        shape: (height, width) of a tile; a square if fan_in is one, of 8 x 8 or more, else a strip.
            (height, width, 3) for the weights of colour pictures, whose pixels are red, green, blue.
        columns: Tiles per row; as many as there are rows, or one more, if None. Unit 1 is right of
            unit 0.
        limit: The weight with the strongest colour, "each" for the largest of every unit by itself,
            or None: a thousandth of all weights are stronger (so that a single one does not make
            the rest pale), and "each" for "classic". Stronger weights are clipped.
        style: "diverging", or "classic" for the tutorial's gray on black. Of colour pictures: zero is
            a middle gray, or black.
        border: A line between tiles ("classic": red, on the tiles' own edge). None: a line for
            "diverging", none for "classic".
        layout: "in,out" for (fan_in, units), as cutaway and scikit-learn have weights; "out,in" for
            (units, fan_in), as PyTorch has them. None for the first.
        theme: "light", or "dark": zero is dark, and strong weights are bright.

    Returns:
        (height, width, 3), uint8, RGB.

    Raises:
        TypeError, ValueError: for weights or options that make no picture.

    Warns:
        UserWarning: without layout and shape, if the weights look like the other layout.
    """
    who = "grid"
    matrix = check_weights(who, weights, layout, shape)
    checks.choice(who, "style", style, STYLES)
    checks.choice(who, "theme", theme, tuple(THEMES))
    units = matrix.shape[1]
    height, width = tile_shape(who, matrix, shape, layout)
    across = (
        math.ceil(math.sqrt(units)) if columns is None else checks.count(who, "columns", columns)
    )
    across = min(across, units)
    down = -(-units // across)
    border = style == "diverging" if border is None else checks.flag(who, "border", border)

    limits = limits_of(who, matrix, limit, style)
    line = THEMES[theme].gap
    drawn = coloured(matrix, (height, width), limits, style, theme)
    if units < down * across:  # no unit, no tile
        none = np.empty((down * across - units, height, width, 3), np.uint8)
        none[...] = line if style == "diverging" else 0
        drawn = np.concatenate([drawn, none])
    if border and style == "classic":
        for edge in (drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]):
            edge[...] = RED
    drawn = drawn.reshape(down, across, height, width, 3).swapaxes(1, 2)  # tile rows side by side

    gap = 1 if border and style == "diverging" else 0
    tall, wide = down * (height + gap), across * (width + gap)
    picture = np.empty((tall + gap, wide + gap, 3), np.uint8)
    picture[...] = line
    below_and_right_of_lines = picture[gap:, gap:].reshape(
        down, height + gap, across, width + gap, 3
    )
    below_and_right_of_lines[:, :height, :, :width] = drawn
    return picture
