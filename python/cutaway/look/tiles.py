"""Tiles: weights go in, an array of pixels comes out, one tile per unit; fast enough for a film.

Signed weights are shown on a diverging scale: zero is white, positive orange, negative blue (a pair
that colour-blind readers tell apart), the same magnitude equally strong on both sides.
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
STYLES = ("diverging", "classic")
LAYOUTS = ("in,out", "out,in")

_NEGATIVE = ((8, 48, 107), (33, 113, 181), (158, 202, 225))  # strong to weak
_POSITIVE = ((253, 190, 133), (217, 95, 14), (127, 39, 4))  # weak to strong
_ZERO = (255, 255, 255)
_GAP = (168, 172, 180)
_RED = (255, 0, 0)
_SMALLEST = 64  # pixels of what looks like a picture
_STRONG = 0.999  # quantile of |weights| that gets the strongest colour


@cache
def colours(style: str, theme: str = "light") -> U8:
    """Return the colours of -limit ... +limit, (255, 3); number 127 is zero."""
    t = np.linspace(-1, 1, 255)
    if style == "classic":  # the tutorial's: gray, and black for all that is negative
        return np.repeat((255 * t.clip(0)).round().astype(np.uint8)[:, np.newaxis], 3, axis=1)
    drawn = THEMES[theme]
    stops = np.array([*drawn.negative, drawn.zero, *drawn.positive], float)
    at = np.linspace(-1, 1, len(stops))
    return np.stack([np.interp(t, at, stops[:, c]) for c in range(3)], 1).round().astype(np.uint8)


def check_weights(
    who: str,
    weights: ArrayLike,
    layout: str | None = None,
    shape: tuple[int, int] | None = None,
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
    who: str, weights: F32, shape: tuple[int, int] | None, layout: str | None = None
) -> tuple[int, int]:
    """Return a tile's (height, width): what is given, or a square if that fits, else a strip."""
    fan_in, units = weights.shape
    if shape is None:
        side = math.isqrt(fan_in)
        return (side, side) if _is_square(fan_in) else (1, fan_in)
    height, width = checks.pair(who, "shape", shape)
    if height * width != fan_in:
        hint = ""
        if height * width == units:
            other = LAYOUTS[layout != "out,in"]
            hint = f', which fits the other axis: transpose the weights, or pass layout="{other}"'
        raise ValueError(f"{who}: shape must hold {fan_in} pixels, got {(height, width)}{hint}")
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


def tiles(
    weights: ArrayLike,
    *,
    shape: tuple[int, int] | None = None,
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
        shape: (height, width) of a tile; a square if fan_in is one, else a strip.
        columns: Tiles per row; as square as it gets if None. Unit 1 is right of unit 0.
        limit: The weight with the strongest colour, "each" for the largest of every unit by itself,
            or None: a thousandth of all weights are stronger (so that a single one does not make
            the rest pale), and "each" for "classic". Stronger weights are clipped.
        style: "diverging", or "classic" for the tutorial's gray.
        border: A line between tiles ("classic": red, on the tiles' own edge). None: a line for
            "diverging", none for "classic".
        layout: "in,out" for (fan_in, units), as cutaway and scikit-learn have weights; "out,in" for
            (units, fan_in), as PyTorch has them. None for the first.
        theme: "light" or "dark".

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
    units = matrix.shape[1]
    height, width = tile_shape(who, matrix, shape, layout)
    across = (
        math.ceil(math.sqrt(units)) if columns is None else checks.count(who, "columns", columns)
    )
    across = min(across, units)
    down = -(-units // across)
    border = style == "diverging" if border is None else checks.flag(who, "border", border)

    with np.errstate(over="ignore"):  # what is far above the limit is clipped all the same
        levels = matrix.T / (limits_of(who, matrix, limit, style) / 127)[:, np.newaxis]
    numbers = np.clip(np.rint(levels), -127, 127).astype(np.int16) + 127
    palette = colours(style, theme)
    gap_colour = THEMES[theme].gap
    drawn = np.empty((down * across, height, width, 3), np.uint8)
    drawn[:units] = palette.take(numbers, axis=0).reshape(units, height, width, 3)
    drawn[units:] = gap_colour if style == "diverging" else palette[127]  # no unit, no tile
    if border and style == "classic":
        for edge in (drawn[:, 0], drawn[:, -1], drawn[:, :, 0], drawn[:, :, -1]):
            edge[...] = _RED
    drawn = drawn.reshape(down, across, height, width, 3).swapaxes(1, 2)  # tile rows side by side

    gap = 1 if border and style == "diverging" else 0
    picture = np.empty((down, height + gap, across, width + gap, 3), np.uint8)
    picture[...] = gap_colour
    picture[:, gap:, :, gap:] = drawn
    picture = picture.reshape(down * (height + gap), across * (width + gap), 3)
    if gap:  # the lines at the right and at the bottom
        picture = np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="wrap")
    return picture
