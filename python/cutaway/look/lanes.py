"""Lanes: first layers of several trainings go in; their tiles come out, side by side, of one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .theme import THEMES
from .tiles import Shape, tile_shape, tiles

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
WIDEST, _TALL = 1920, 720  # pixels of all lanes side by side, and of a lane, at most
_NARROWEST = 1000  # pixels of all lanes, about: room for words below
_GAP = 16  # pixels between two lanes, at least
_GRIDS = ((4, 4), (3, 5), (2, 6), (2, 4), (2, 3), (2, 2), (1, 2), (1, 1))  # (across, down)
_STRIPS = ((1, 16), (1, 8), (1, 4))  # of inputs that are no picture
_SEEN = 100  # pixels of a tile's longer side from which on it is seen well
_SIDE, _STRIP = (
    28,
    (6, 112),
)  # pixels of a tile before it is enlarged, about; height and width of a strip
_LARGEST = (
    224  # pixels of a tile's side before it is enlarged, at most: of larger ones some are left out
)


@dataclass(frozen=True)
class Lanes:
    """Where the tiles of several layers are.

    Attributes:
        count: How many layers there are.
        shape: (height, width) of a tile in weights.
    """

    count: int
    shape: tuple[int, int]

    @property
    def shown(self) -> int:
        """Units of each layer that have room: the first ones."""
        across, down = self._grid
        return across * down

    @cached_property
    def scale(self) -> int:
        """How many times the tiles are to be enlarged; 1, or even, which keeps thin lines sharp."""
        return max(1, self._scale(self._grid))

    @property
    def gap(self) -> int:
        """Pixels between two lanes, before they are enlarged."""
        return -(-_GAP // self.scale)

    @property
    def lefts(self) -> list[int]:
        """Where the lanes begin, in pixels of the enlarged image."""
        return [number * (self.size[1] + self.gap) * self.scale for number in range(self.count)]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of a lane, before it is enlarged."""
        height, width = self._size(self._grid)
        return height, max(width, -(-_NARROWEST // (self.count * self.scale)))

    @property
    def whole(self) -> tuple[int, int]:
        """(height, width) of all lanes and the gaps between them, before they are enlarged."""
        height, width = self.size
        return height, self.count * (width + self.gap) - self.gap

    def draw(self, layers: Sequence[F32], limit: float, theme: str) -> U8:
        """Draw the layers.

        Args:
            layers: (fan_in, units) of each, finite; units that have no room are left out.
            limit: The weight with the strongest colour.
            theme: "light" or "dark".

        Returns:
            (height, width, 3), to be enlarged.
        """
        paper, across, (high, wide) = THEMES[theme].paper, self._grid[0], self._tile
        whole = np.empty((*self.whole, 3), np.uint8)
        whole[...] = paper
        for number, layer in enumerate(layers):
            image = tiles(
                self._enlarged(layer[:, : self.shown]), shape=self._tile, limit=limit,
                columns=across, layout="in,out", theme=theme,
            )  # fmt: skip
            if layer.shape[1] > across and (missing := -min(layer.shape[1], self.shown) % across):
                image[-high - 1 :, -missing * (wide + 1) :] = paper  # no unit, no tile
            left = number * (self.size[1] + self.gap)
            whole[: len(image), left : left + image.shape[1]] = image
        return whole

    @cached_property
    def _thin(self) -> int:
        """Of how many pixels one is drawn, along each side."""
        return -(-max(self.shape) // _LARGEST)

    @cached_property
    def _larger(self) -> tuple[int, int]:
        """How many pixels high and wide each weight is drawn, before all is enlarged."""
        height, width = (-(-side // self._thin) for side in self.shape)
        if self.shape[0] == 1:
            return _STRIP[0], max(1, round(_STRIP[1] / width))
        factor = max(1, round(_SIDE / max(height, width)))
        return factor, factor

    @property
    def _tile(self) -> tuple[int, int]:
        """(height, width) of a tile, before it is enlarged."""
        high, wide = (-(-side // self._thin) for side in self.shape)
        return high * self._larger[0], wide * self._larger[1]

    @cached_property
    def _grid(self) -> tuple[int, int]:
        """(across, down): as many tiles as can be seen well."""
        grids = _STRIPS if self.shape[0] == 1 else _GRIDS
        longer = max(self._tile)
        return next((g for g in grids if self._scale(g) * longer >= _SEEN), grids[-1])

    def _size(self, grid: tuple[int, int]) -> tuple[int, int]:
        (across, down), (high, wide) = grid, self._tile
        return down * (high + 1) + 1, across * (wide + 1) + 1

    def _scale(self, grid: tuple[int, int]) -> int:
        """Return how many times a lane of so many tiles has room."""
        room = (WIDEST - _GAP * (self.count - 1)) // self.count
        height, width = self._size(grid)
        fitting = min(room // width, _TALL // height)
        return fitting if fitting < 2 else fitting - fitting % 2

    def _enlarged(self, layer: F32) -> F32:
        """Return a layer whose weights are as many pixels high and wide as they are drawn."""
        pictures = layer.reshape(*self.shape, -1)[:: self._thin, :: self._thin]
        pictures = pictures.repeat(self._larger[0], axis=0).repeat(self._larger[1], axis=1)
        return pictures.reshape(-1, layer.shape[1])


def lanes_of(count: int, fan_in: int, shape: Shape | None) -> Lanes:
    """Return the lanes of layers whose units have so many inputs, pictures of a shape or none."""
    return Lanes(count, tile_shape("race", np.empty((fan_in, 1), np.float32), shape))
