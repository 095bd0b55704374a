"""Captions: what a film tells below its tiles: which mini-batch, how good, the loss so far, the colours.

All that stays the same is drawn once; a frame adds its numbers and uncovers its part of the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import Axis, draw_axis, draw_line, draw_scale, recent_means
from .theme import THEMES, Colour, font
from .tiles import colours

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

U8 = NDArray[np.uint8]
_CURVE = 0.7  # of the width


class Captions:
    """The captions of one film.

    Args:
        width: Pixels.
        steps: Numbers of the mini-batches that are frames, rising.
        losses: The loss per sample of every mini-batch of the training.
        epoch: Mini-batches of an epoch.
        limit: The weight with the strongest colour.
        measured: Whether there is an accuracy to tell.
        style: Of the tiles.
        theme: "light" or "dark".
    """

    def __init__(
        self,
        width: int,
        *,
        steps: Sequence[int],
        losses: Sequence[float],
        epoch: int,
        limit: float,
        measured: bool = True,
        style: str = "diverging",
        theme: str = "light",
    ) -> None:
        self._theme, self._ramp = THEMES[theme], colours(style, theme)
        self._steps, self._epoch, self._last = steps, epoch, len(losses)
        self._epochs = -(-self._last // epoch)
        self._size = max(14, min(24, width // 42))
        self._small = max(12, round(0.75 * self._size))
        self._pad = self._size // 2 + 2
        self._base = self._pad + self._size  # of the first line's letters
        self._losses = recent_means(losses)[np.array(steps) - 1]
        self._empty = self._drawn(width, limit, measured, curve=False)
        self._full = self._drawn(width, limit, measured, curve=True)

    def draw(self, number: int, accuracy: float | None, measured: int) -> U8:
        """Draw one.

        Args:
            number: Of the frame, 0 for the first.
            accuracy: On the validation set, from 0 to 1; None if there is none.
            measured: The mini-batch after which it was measured.

        Returns:
            (height, width, 3), RGB.
        """
        from PIL import Image as Images
        from PIL import ImageDraw

        pixels = self._empty.copy()
        grown = int(self._axis.places(self._steps[number])) + 1
        pixels[:, :grown] = self._full[:, :grown]
        image = Images.fromarray(pixels)
        self._write(ImageDraw.Draw(image), number, accuracy, measured)
        return np.asarray(image)

    def _write(self, draw: ImageDraw, number: int, accuracy: float | None, measured: int) -> None:
        """Write a frame's numbers into their places."""
        theme, step, slots = self._theme, self._steps[number], self._slots
        large, small = font(self._size), font(self._small)

        def write(slot: str, text: str, colour: Colour, in_font: FreeTypeFont = large) -> None:
            draw.text((slots[slot], self._base), text, colour, in_font, "rs")

        write("epoch", f"{-(-step // self._epoch)}", theme.ink)
        write("batch", f"{step:,}", theme.ink)
        if accuracy is not None:
            write("accuracy", f"{accuracy:.2%}", theme.ink)
            if measured != step:
                write("measured", f"at batch {measured:,}", theme.muted, small)
        text = f"loss {self._losses[number]:.3f}"
        draw.text((self._right, self._top), text, theme.first, small, "rt")

    def _write_words(self, draw: ImageDraw, width: int, measured: bool) -> dict[str, float]:
        """Write what stands between the numbers of the first line; return where these end.

        Each has room for the largest, so that nothing moves while they count.
        """
        large, small = font(self._size), font(self._small)
        slots: dict[str, float] = {"measured": width - self._pad}
        slots["accuracy"] = slots["measured"] - small.getlength(f"  at batch {self._last:,}")
        validation = slots["accuracy"] - large.getlength("100.00%")
        room = validation - large.getlength("validation  ") - self._pad
        epochs, last = f"{self._epochs}", f"{self._last:,}"
        for words in (
            ("epoch ", f" of {epochs}, batch ", f" of {last}"),
            ("epoch ", f" of {epochs}, batch ", ""),  # of a training of very many
            ("epoch ", ", batch ", ""),
        ):
            if large.getlength("".join(words) + epochs + last) <= room:
                break
        x: float = self._pad
        for word, slot, widest in zip(
            words, ("epoch", "batch", ""), (epochs, last, ""), strict=True
        ):
            draw.text((x, self._base), word, self._theme.ink, large, "ls")
            x += large.getlength(word) + large.getlength(widest)
            slots[slot] = x
        if measured:
            draw.text((validation, self._base), "validation ", self._theme.ink, large, "rs")
        return slots

    def _drawn(self, width: int, limit: float, measured: bool, *, curve: bool) -> U8:
        """Draw what stays the same: the axis, the colour scale, and the whole curve if wanted."""
        from PIL import Image as Images
        from PIL import ImageDraw

        size, pad, theme = self._size, self._pad, self._theme
        self._left, self._right = pad, int(width * _CURVE)
        self._top = 2 * pad + size
        self._bottom = self._top + 3 * size
        height = self._bottom + self._small + pad
        image = Images.new("RGB", (width, height + height % 2), theme.paper)
        draw = ImageDraw.Draw(image)
        self._axis = Axis(self._steps, self._left, self._right, self._bottom)
        if curve:
            highest = max(float(np.quantile(self._losses, 0.999)), 1e-12)
            heights = (self._losses / highest).clip(0, 1) * (self._bottom - self._top)
            draw_line(image, self._axis.places(self._steps), self._bottom - heights, theme.first)
        self._slots = self._write_words(draw, width, measured)
        draw_axis(draw, self._axis, self._last, self._small, theme)
        bar = self._right + 3 * pad, self._bottom - size, width - pad, self._bottom
        draw_scale(image, bar, limit, self._ramp, self._small, theme)
        return np.array(image)
