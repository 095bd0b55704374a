"""Frames: weights of a training go in one by one, the images of its film come out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .captions import Captions
from .theme import THEMES
from .tiles import tile_shape, tiles

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
_SIDE = 28  # pixels of a tile before it is enlarged, about: lines between tiles stay in proportion
_NARROWEST, _WIDEST = 560, 1920  # pixels of a frame: room for a caption, a screen
_CAPTION = 100  # pixels of a caption's height, at least


class Frames:
    """The frames of one film, all of one size: a layer's tiles, and a caption below.

    Args:
        weights: (fan_in, units): how many tiles there are, and of which kind.
        shape: (height, width) of a tile; None for a square or a strip.
        steps: Numbers of the mini-batches that are frames, rising.
        losses: The loss per sample of every mini-batch of the training.
        epoch: Mini-batches of an epoch.
        limit: The weight with the strongest colour, in all frames.
        height: Pixels of a frame, about; at least, if its width allows.
        theme: "light" or "dark".
        measured: Whether there is an accuracy to tell.

    Attributes:
        scale: How many times the tiles are to be enlarged; even, which keeps thin lines sharp.
    """

    def __init__(
        self,
        weights: F32,
        *,
        shape: tuple[int, int] | None,
        steps: Sequence[int],
        losses: Sequence[float],
        epoch: int,
        limit: float,
        height: int = 900,
        theme: str = "light",
        measured: bool = True,
    ) -> None:
        self._paper = THEMES[theme].paper
        self._shape = tile_shape("film", weights, shape)
        self._larger = max(1, round(_SIDE / max(self._shape)))
        self._limit, self._theme = limit, theme
        tall, wide = self._tiles(weights).shape[:2]
        self.scale = _scale(tall, wide, height)
        self._margin = max(0, -(-(_NARROWEST - wide * self.scale) // (2 * self.scale)))
        self._captions = Captions(
            (wide + 2 * self._margin) * self.scale,
            steps=steps, losses=losses, epoch=epoch, limit=limit, theme=theme,
            measured=measured,
        )  # fmt: skip

    def draw(
        self, number: int, weights: F32, accuracy: float | None, measured: int
    ) -> tuple[U8, U8]:
        """Draw a frame.

        Args:
            number: Of the frame, 0 for the first.
            weights: (fan_in, units).
            accuracy: As for Captions.draw().
            measured: As for Captions.draw().

        Returns:
            Its tiles, (h, w, 3), to be enlarged; its caption, (n, w * scale, 3), as large as it is shown.
        """
        image = self._tiles(weights)
        if self._margin:
            whole = np.empty((len(image), image.shape[1] + 2 * self._margin, 3), np.uint8)
            whole[...] = self._paper
            whole[:, self._margin : -self._margin] = image
            image = whole
        return image, self._captions.draw(number, accuracy, measured)

    def _tiles(self, weights: F32) -> U8:
        """Draw the tiles, each weight of small ones as several pixels."""
        height, width = (n * self._larger for n in self._shape)
        if self._larger > 1:
            weights = weights.reshape(*self._shape, -1)
            weights = weights.repeat(self._larger, axis=0).repeat(self._larger, axis=1)
            weights = weights.reshape(height * width, -1)
        return tiles(
            weights, shape=(height, width), limit=self._limit, layout="in,out", theme=self._theme
        )


def _scale(tall: int, wide: int, height: int) -> int:
    """Return how many times tiles are enlarged: 1, or an even number that a screen has room for."""
    wanted = -(-(height - _CAPTION) // tall)
    fitting = max(1, _WIDEST // wide)
    return 1 if min(wanted, fitting) == 1 else min(wanted + wanted % 2, fitting - fitting % 2)
