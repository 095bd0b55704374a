"""Describe: what a picture of weights shows, in a sentence for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .raster import Raster

_MOST = 10  # numbers of units that are listed
_EACH = "each tile its own scale"
_WORDS = {
    ("diverging", False): "blue below zero, orange above",
    ("classic", False): "black up to zero, gray to white above",
    (
        "diverging",
        True,
    ): "in red, green and blue, darker than middle gray below zero, brighter above",
    ("classic", True): "in red, green and blue, black up to zero",
}


def how_to_read(raster: Raster, style: str, colour: bool) -> str:
    """Tell what a legend's scale alone does not say, of strips and of colour pictures."""
    if colour:
        return f"red, green, blue; {'black' if style == 'classic' else 'middle gray'} is zero"
    if raster.strips and raster.units > 1:
        return "a row per unit, a column per input"
    return ""


def strength(limits: NDArray[np.float32]) -> str:
    """Tell which weight has the strongest colour."""
    return f"strongest colour at {limits[0]:.2g}" if len(limits) == 1 else _EACH


def clipped(weights: NDArray[np.float32], limits: NDArray[np.float32]) -> str:
    """Tell how many weights (fan_in, units) are stronger than the strongest colour."""
    if len(limits) > 1:
        return _EACH
    stronger = int((np.abs(weights) > limits).sum())
    if not stronger:
        return "no weight is stronger"
    one_in = weights.size / stronger
    digits = -int(np.log10(one_in)) if one_in >= 10 else 0  # one that counts
    return f"1 in {round(one_in, digits):,.0f} weights is stronger"


def description(
    raster: Raster,
    *,
    title: str,
    colour: bool,
    scale: str,
    style: str,
    units: Sequence[int],
    marks: Sequence[str],
) -> str:
    """Return a sentence about a picture.

    Args:
        raster: Its tiles.
        title: What they are, or "".
        colour: Whether they are those of colour pictures.
        scale: What strength() says.
        style: As for tiles().
        units: Their numbers, tile by tile.
        marks: A word for every tile, or "".
    """
    height, width = raster.shape
    size = f"{height}x{width}{'x3' if colour else ''}"
    parts = [
        f"{raster.units} unit{'s' * (raster.units > 1)} of "
        f"{f'{width} weights' if raster.strips else f'{size} weights'}",
        *([_arrangement(raster)] if raster.units > 1 else []),
        _WORDS[style, colour],
        scale,
    ]
    told = []
    for word in sorted({mark for mark in marks if mark}):
        those = [unit for unit, mark in zip(units, marks, strict=True) if mark == word]
        more = ", ..." if len(those) > _MOST else ""
        told.append(f"{len(those)} {word} ({', '.join(map(str, those[:_MOST]))}{more})")
    sentence = f"{f'{title}: ' if title else ''}{', '.join(parts)}"
    return f"{sentence}; {', '.join(told)}" if told else sentence


def _arrangement(raster: Raster) -> str:
    if raster.strips and raster.across == 1:
        return "a row each"
    return f"{raster.down} by {raster.across}"
