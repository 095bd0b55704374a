"""Chart: numbers of trainings go in, their lines over the mini-batches come out, whole or as they grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import Axis, draw_axis, draw_line
from .theme import THEMES, Colour, Theme, font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

U8 = NDArray[np.uint8]
_PAD = 12  # pixels around all
_DOT = 5  # pixels: of a dot's radius


@dataclass(frozen=True)
class Line:
    """One of a chart's lines.

    Attributes:
        steps: (n,): mini-batches, rising.
        values: (n,): at these; what is above the chart's top is drawn at its top.
        colour: RGB.
        broken: Whether a cross ends it: what it tells of has failed.
    """

    steps: Sequence[int]
    values: Sequence[float] | NDArray[np.float64]
    colour: Colour
    broken: bool = False


class Chart:
    """Lines on axes from 0.

    Args:
        size: (width, height), pixels.
        lines: To draw; the first is on top.
        steps: Numbers of the mini-batches that are frames, rising.
        title: What is drawn.
        top: The highest value.
        unit: How to write a value: a format string.
        letter: Pixels of a letter's height.
        theme: "light" or "dark".
    """

    def __init__(
        self,
        size: tuple[int, int],
        lines: Sequence[Line],
        *,
        steps: Sequence[int],
        title: str,
        top: float,
        unit: str,
        letter: int,
        theme: str,
    ) -> None:
        self._steps, self._top, self._high = steps, _PAD + 2 * letter, top
        texts = [(share, unit.format(share * top)) for share in (0, 0.5, 1)]
        left = _PAD + int(max(font(letter).getlength(text) for _, text in texts)) + letter // 2
        self._axis = Axis(steps, left, size[0] - _PAD, size[1] - _PAD - letter)
        look = THEMES[theme]
        self._empty = self._drawn(size, (), title, texts, letter, look)
        self.image = self._drawn(size, lines, title, texts, letter, look)

    def grown(self, step: int) -> Image:
        """Return the chart as it is after a mini-batch."""
        image = self._empty.copy()
        edge = int(self._axis.places(step)) + 1
        image.paste(self.image.crop((0, 0, edge, image.height)), (0, 0))
        return image

    def _drawn(
        self,
        size: tuple[int, int],
        lines: Sequence[Line],
        title: str,
        texts: Sequence[tuple[float, str]],
        letter: int,
        look: Theme,
    ) -> Image:
        from PIL import Image as Images
        from PIL import ImageDraw

        image, axis = Images.new("RGB", size, look.paper), self._axis
        draw, letters = ImageDraw.Draw(image), font(letter)
        draw.text((_PAD, _PAD), title, look.ink, letters, "lt")
        for share, text in texts:
            y = axis.bottom - share * (axis.bottom - self._top)
            draw.line((axis.left, y, axis.right, y), look.gap)
            draw.text((axis.left - letter // 2, y), text, look.muted, letters, "rm")
        draw_axis(draw, axis, self._steps[-1], letter, look)
        for line in reversed(lines):
            self._draw(image, draw, line, look)
        return image

    def _draw(self, image: Image, draw: ImageDraw, line: Line, look: Theme) -> None:
        if not len(line.steps):
            return
        x = self._axis.places(line.steps)
        heights = np.clip(np.asarray(line.values, float) / self._high, 0, 1)
        y = self._axis.bottom - heights * (self._axis.bottom - self._top)
        draw_line(image, x, y, line.colour)
        if len(x) == 1:  # measured once: no line, a dot
            draw.ellipse((x[0] - _DOT, y[0] - _DOT, x[0] + _DOT, y[0] + _DOT), line.colour)
        if line.broken:
            (a, b), r = (x[-1], y[-1]), 6
            for sign in (-1, 1):
                draw.line((a - r, b - sign * r, a + r, b + sign * r), look.ink, width=3)
