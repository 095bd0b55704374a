"""Blocks: arrays go in, text for a terminal comes out: pictures of half blocks, and a sparkline.

A character is twice as high as it is wide, so that its two halves are square pixels: `▀` is drawn in the
colour of the upper one, on the colour of the lower one.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
TRUE = 1 << 24  # colours of 24 bits
_RESET = "\x1b[m"

_SMALLEST, _READABLE = 10, 14  # pixels of a tile: to show all units, and if not all fit anyway
_BARS = " ▁▂▃▄▅▆▇█"
_MOST = 0.95  # of a sparkline's values
_CUBE = (0, 95, 135, 175, 215, 255)  # the levels of xterm's colours 16 to 231


@cache
def palette(colours: int) -> U8:
    """Return the colours of a terminal that has 8, 16 or 256, (n, 3).

    The first 16 are the IBM PC's; terminals let people choose them. So among 256 they are left out, and
    what is returned are number 16 to 255: a cube of 6 x 6 x 6 and 24 grays.
    """
    if colours == 256:
        cube = np.stack(np.meshgrid(_CUBE, _CUBE, _CUBE, indexing="ij"), axis=-1).reshape(216, 3)
        grays = np.arange(8, 248, 10)[:, np.newaxis].repeat(3, axis=1)
        return np.concatenate([cube, grays]).astype(np.uint8)
    dark = [(170 * (n & 1), 170 * (n >> 1 & 1), 170 * (n >> 2)) for n in range(8)]
    dark[3] = (170, 85, 0)  # brown, for a dark yellow
    bright = [(85 + 170 * (n & 1), 85 + 170 * (n >> 1 & 1), 85 + 170 * (n >> 2)) for n in range(8)]
    return np.array([*dark, *bright][:colours], np.uint8)


def _numbers(image: U8, colours: int) -> NDArray[np.int64]:
    """Return the number of every pixel's colour, or its 24 bits."""
    bits: NDArray[np.int64] = image.astype(np.int64) @ (1 << 16, 1 << 8, 1)
    if colours == TRUE:
        return bits
    distinct, where = np.unique(bits, return_inverse=True)
    wanted = (distinct[:, np.newaxis] >> (16, 8, 0) & 255).astype(np.float32)
    known = palette(colours).astype(np.float32)
    far = (known**2).sum(axis=1) - 2 * wanted @ known.T  # but for what is the same for all known
    nearest = far.argmin(axis=1) + (16 if colours == 256 else 0)
    numbers: NDArray[np.int64] = nearest[where].reshape(bits.shape)
    return numbers


@cache
def _code(number: int, colours: int, paper: bool) -> str:
    """Return what switches to a colour, of the ink or of the paper; -1 is the terminal's own."""
    if number < 0:
        return "49" if paper else "39"
    if colours == TRUE:
        return f"{38 + 10 * paper};2;{number >> 16};{number >> 8 & 255};{number & 255}"
    if colours == 256:
        return f"{38 + 10 * paper};5;{number}"
    return str((30 if number < 8 else 82) + number + 10 * paper)


def blocks(image: U8, colours: int, before: U8 | None = None) -> list[str]:
    """Draw an image as lines of text, two rows of pixels in each.

    Over a slow line it is the codes that take time: a colour is switched only where it changes.

    Args:
        image: (height, width, 3), uint8, RGB. Below the last row of an odd height, the terminal's own
            colour is seen.
        colours: How many the terminal has: 8, 16, 256 or `TRUE`; the nearest ones are taken.
        before: The image that is there already, of the same size, if any: what is the same is passed
            over.

    Returns:
        Lines that begin and end with the terminal's own colours; one with nothing new is empty.
    """
    numbers = _halves(image, colours)
    new = np.ones(numbers.shape[::2], bool)
    if before is not None:
        new = (numbers != _halves(before, colours)).any(axis=1)
    return [
        _line(upper, lower, np.flatnonzero(columns).tolist(), colours)
        for (upper, lower), columns in zip(numbers.tolist(), new, strict=True)
    ]


def _halves(image: U8, colours: int) -> NDArray[np.int64]:
    """Return the numbers of the colours of every line's upper and lower half, (lines, 2, width)."""
    numbers = _numbers(image, colours)
    even = np.pad(numbers, ((0, len(numbers) % 2), (0, 0)), constant_values=-1)
    return even.reshape(len(even) // 2, 2, image.shape[1])


def _line(upper: list[int], lower: list[int], columns: list[int], colours: int) -> str:
    """Draw two rows of pixels, but for the columns that are passed over."""
    text = []
    ink = paper = -1
    here = 0
    for column in columns:
        if column > here:
            text.append(f"\x1b[{column - here}C")
        here = column + 1
        top, bottom = upper[column], lower[column]
        codes = []
        if top not in (bottom, ink):  # of a blank, the paper alone is seen
            codes.append(_code(top, colours, paper=False))
            ink = top
        if bottom != paper:
            codes.append(_code(bottom, colours, paper=True))
            paper = bottom
        if codes:
            text.append(f"\x1b[{';'.join(codes)}m")
        text.append(" " if top == bottom else "▀")
    return "".join([*text, _RESET]) if text else ""


class Fit(NamedTuple):
    """How a layer's tiles fit into a room.

    Attributes:
        tile: (height, width) of a tile in pixels.
        across: Tiles in a row.
        shown: How many tiles, of the first units.
    """

    tile: tuple[int, int]
    across: int
    shown: int


def fit(shape: tuple[int, int], units: int, room: tuple[int, int]) -> Fit:
    """Return the largest tiles that fit for all units, or else how many fit of a size easy to read.

    Tiles are enlarged by whole numbers, or shrunk.

    Args:
        shape: (height, width) of a tile in weights.
        units: How many there are.
        room: (height, width) in pixels, with a line of one pixel between tiles.
    """
    longest = max(shape)
    larger = range(max(room) // longest * longest, longest, -longest)
    smaller = range(longest, min(longest, _SMALLEST) - 1, -1)
    for length in (*larger, *smaller, min(longest, _READABLE)):
        height, width = (max(1, round(side * length / longest)) for side in shape)
        down, across = (room[0] + 1) // (height + 1), (room[1] + 1) // (width + 1)
        if down * across >= units:
            across = -(-units // -(-units // across))  # so that rows are about equally long
            break
    return Fit((height, width), across, min(units, down * across))


def resized(weights: F32, shape: tuple[int, int], tile: tuple[int, int]) -> F32:
    """Return weights of larger or smaller tiles, whose pixels are means of areas of the old ones.

    Args:
        weights: (fan_in, units).
        shape: (height, width) of a tile in weights.
        tile: (height, width) wanted.

    Returns:
        (height * width of the tile, units), float32.
    """
    rows, columns = (_shares(old, new) for old, new in zip(shape, tile, strict=True))
    pictures = rows @ weights.T.reshape(-1, *shape) @ columns.T
    return pictures.reshape(len(pictures), -1).T.astype(np.float32, copy=False)


def _shares(old: int, new: int) -> F32:
    """Return which part of each of `new` equal lengths lies in each of `old` ones, (new, old)."""
    begin, start = np.arange(new)[:, np.newaxis] / new, np.arange(old) / old
    overlap = np.minimum(begin + 1 / new, start + 1 / old) - np.maximum(begin, start)
    return (overlap.clip(0) * new).astype(np.float32)


def sparkline(values: NDArray[np.float64]) -> str:
    """Draw a character for every value, from 0 to what most stay below; a blank for NaN.

    The first losses of a training may be many times the rest.
    """
    known = np.isfinite(values)
    top = np.quantile(values[known], _MOST) if known.any() else 0.0
    levels = np.ceil(np.where(known, values, 0) / (top or 1.0) * (len(_BARS) - 1))
    numbers = np.where(known, levels.clip(1, len(_BARS) - 1), 0).astype(int)
    return "".join(_BARS[number] for number in numbers)
