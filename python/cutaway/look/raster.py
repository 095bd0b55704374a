"""Raster: how many tiles of which size go in, where each is in a picture comes out, in pixels.

Tiles stand in rows, unit 1 right of unit 0, with lines in proportion between them. A strip, the weights
of inputs that are no picture, is a row of cells that are higher than they are wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .theme import Colour

if TYPE_CHECKING:
    from PIL.Image import Image

U8 = NDArray[np.uint8]
_LINE = 28  # times a line's width is the shorter side of a tile
_TALL = 48  # pixels of a strip's height that needs no more to be seen


def columns_for(units: int, height: int, width: int) -> int:
    """Return how many tiles of a size stand in a row if all together are as square as it gets."""

    def stretch(across: int) -> tuple[float, int]:
        wide, tall = across * width, -(-units // across) * height
        return max(wide, tall) / min(wide, tall), -across

    return min(range(1, units + 1), key=stretch)


@dataclass(frozen=True, kw_only=True)
class Raster:
    """Tiles in rows.

    Attributes:
        units: How many tiles there are.
        across: Tiles per row.
        cell: (height, width) of a weight.
        shape: (height, width) of a tile in weights.
        lines: "between" and around the tiles, "inside" on the tiles' own edge, or "" for none.
        left: Of each tile: room for its name there.
        below: Likewise.
    """

    units: int
    across: int
    cell: tuple[int, int]
    shape: tuple[int, int]
    lines: str
    left: int = 0
    below: int = 0

    @cached_property
    def height(self) -> int:
        """Of a tile."""
        return self.shape[0] * self.cell[0]

    @cached_property
    def width(self) -> int:
        """Of a tile."""
        return self.shape[1] * self.cell[1]

    @cached_property
    def line(self) -> int:
        """Width of a line in proportion to the tiles, whether there are some or not."""
        return max(1, round(min(self.height, self.width) / _LINE))

    @cached_property
    def gap(self) -> int:
        """Width of the line around each tile."""
        return self.line if self.lines == "between" else 0

    @property
    def down(self) -> int:
        """Rows of tiles."""
        return -(-self.units // self.across)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture."""
        right, bottom = self.corner(self.across - 1)[0], self.corner(self.units - 1)[1]
        return right + self.width + self.gap, bottom + self.height + self.gap + self.below

    @property
    def strips(self) -> bool:
        """Tell whether the tiles are no pictures."""
        return is_strip(self.shape)

    def corner(self, number: int) -> tuple[int, int]:
        """Return where the upper left pixel of a tile is: (x, y)."""
        row, column = divmod(number, self.across)
        wide, tall = self.width + self.gap, self.height + self.gap
        wide += self.left + self.gap if self.left else 0  # a name parts the lines of two tiles
        tall += self.below + self.gap if self.below else 0
        return self.gap + self.left + column * wide, self.gap + row * tall

    def draw(self, tiles: U8, paper: Colour, line: Colour) -> Image:
        """Return the picture of tiles (units, height, width, 3), a pixel per weight, on paper."""
        from PIL import Image as Images
        from PIL import ImageDraw

        picture = Images.new("RGB", self.size, paper)
        draw = ImageDraw.Draw(picture)
        stack = Images.fromarray(tiles.reshape(-1, self.shape[1], 3))  # one below the other
        size = self.width, self.units * self.height
        stack = stack.resize(size, Images.Resampling.NEAREST)
        for number in range(self.units):
            x, y = self.corner(number)
            right, bottom = x + self.width - 1, y + self.height - 1
            if self.gap:
                around = x - self.gap, y - self.gap, right + self.gap, bottom + self.gap
                draw.rectangle(around, fill=line)
            top = number * self.height
            picture.paste(stack.crop((0, top, self.width, top + self.height)), (x, y))
            if self.lines == "inside":
                draw.rectangle((x, y, right, bottom), outline=line, width=self.line)
        return picture


def is_strip(shape: tuple[int, int]) -> bool:
    """Tell whether a tile's (height, width) is none of a picture."""
    return shape[0] == 1 < shape[1]


def raster(
    units: int,
    shape: tuple[int, int],
    *,
    columns: int | None,
    scale: int | None,
    width: int,
    lines: str = "",
) -> Raster:
    """Choose a raster.

    Args:
        units: How many tiles there are.
        shape: (height, width) of a tile in weights.
        columns: Tiles per row; None for a picture as square as it gets.
        scale: Pixels of a weight's width; None for what makes the picture about `width` wide.
        width: Of the picture, if there is no scale.
        lines: As Raster has them.
    """
    across = columns_for(units, *shape) if columns is None else min(columns, units)
    if scale is None:
        pitch = shape[1] * (1 + 1 / _LINE if lines == "between" else 1)
        scale = max(1, round(width / (across * pitch)))
    tall = scale
    if is_strip(shape):
        room = across * shape[1] // -(-units // across)  # for a picture no taller than wide
        tall = max(scale, min(room * scale, _TALL))
    return Raster(units=units, across=across, cell=(tall, scale), shape=shape, lines=lines)
