"""Batch: samples, weights and what was added to them go in; the picture of what was taught comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .panels import GAP, HEAD, beside, framed, stacked, titled, words
from .picture import grid
from .raster import is_strip
from .tiles import limits_of, tile_shape
from .wall import wall

if TYPE_CHECKING:
    from PIL.Image import Image

_WALL, _NARROW = 676, 14  # pixels of the samples, and between them
_CELL, _WIDE_CELL = 72, 124  # pixels of a sample and its words
_TILES, _TILE = 1280, 180  # pixels of a row of tiles that moved most, and of one of them, at most
_SIDE = 110  # pixels of the words left of it
_STRIP = 270  # pixels of a strip's width, about
_NUMBERED = 100  # tiles that have room for their numbers


def batch_picture(
    samples: ArrayLike,
    captions: Sequence[str],
    before: ArrayLike,
    update: ArrayLike,
    most: Sequence[int],
    names: Sequence[str],
    moved: Sequence[str],
    *,
    shape: tuple[int, int] | None,
    title: str,
    notes: tuple[str, str, str],
    theme: str = "light",
) -> Image:
    """Draw a mini-batch, what it added to the weights of every unit, and the units that moved most.

    Args:
        samples: (n, height, width), 0 to 1.
        captions: (n,): what is told of each; those of several lines have more room.
        before: (fan_in, units): weights.
        update: (fan_in, units): what was added to them.
        most: Numbers of the units that moved most.
        names: Of those.
        moved: How far each of those moved, in words.
        shape: (height, width) of a tile, or None.
        title: Of all.
        notes: Below the title; above the samples; above the tiles that moved most.
        theme: "light" or "dark".
    """
    weights, added = np.asarray(before, np.float32), np.asarray(update, np.float32)
    cell = _WIDE_CELL if any("\n" in caption for caption in captions) else _CELL
    pictures = wall(samples, captions, width=_WALL, cell=cell, gap=_NARROW, theme=theme)
    layer = grid(
        added, shape=shape, scale=None, layout="in,out", theme=theme,
        numbers=added.shape[1] <= _NUMBERED, legend="what was added to each unit's weights",
    )  # fmt: skip
    above = beside([_noted(pictures, notes[1], theme), layer], gap=2 * GAP, theme=theme)
    rows = [
        ("before", weights[:, most], names),
        ("added", added[:, most], moved),
        ("after", (weights + added)[:, most], names),
    ]
    below = _most(rows, shape, theme)
    whole = stacked([above, _noted(below, notes[2], theme)], gap=2 * GAP, theme=theme)
    return framed(
        titled(whole, title, notes[0], size=HEAD, theme=theme), margin=GAP + 4, theme=theme
    )


def _noted(image: Image, note: str, theme: str) -> Image:
    return stacked([words(note, theme=theme), image], gap=GAP // 2, theme=theme)


def _most(
    rows: Sequence[tuple[str, NDArray[np.float32], Sequence[str]]],
    shape: tuple[int, int] | None,
    theme: str,
) -> Image:
    """Draw units before, what was added, and after: rows of tiles, or strips side by side.

    Args:
        rows: Title, weights (fan_in, units) and a text per unit of each; weights before and after
            have the same scale.
        shape: As for batch_picture().
        theme: Likewise.
    """
    before, added = (
        float(limits_of("batch", values, None, "diverging")[0]) for _, values, _ in rows[:2]
    )
    tile, units = tile_shape("batch", rows[0][1], shape), rows[0][1].shape[1]
    strips = is_strip(tile)
    room = _STRIP if strips else min(_TILE, _TILES // units - _NARROW)
    drawn = []
    for (title, values, texts), limit in zip(rows, (before, added, before), strict=True):
        image = grid(
            values, shape=shape, limit=limit, layout="in,out", names=texts, theme=theme,
            columns=1 if strips else units, scale=max(1, room // tile[1]),
        )  # fmt: skip
        told = f"{title}\nstrongest at\n{limit:.2g}"
        side = words(told, width=_SIDE, theme=theme)
        pair = [side, image]
        drawn.append(stacked(pair, theme=theme) if strips else beside(pair, theme=theme))
    if strips:
        return beside(drawn, theme=theme)
    return stacked(drawn, gap=GAP // 2, theme=theme)
