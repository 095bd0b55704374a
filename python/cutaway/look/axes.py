"""Axes: what curves of trainings share, in films and pictures: losses and places go in, ink comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .theme import Colour, Theme, font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]
_RECENT = 50  # mini-batches whose mean is the loss of a moment, at most
_FINE = 4  # lines are drawn so many times larger and reduced: smooth edges


@dataclass(frozen=True)
class Axis:
    """Mini-batches from left to right, as far apart as a film's frames.

    Attributes:
        steps: Numbers of the mini-batches that are frames, rising.
        left: Pixels.
        right: Pixels.
        bottom: Pixels.
    """

    steps: Sequence[int]
    left: int
    right: int
    bottom: int

    def places(self, steps: Sequence[int] | int) -> F64:
        """Return where mini-batches are, in pixels."""
        frames = np.interp(np.asarray(steps, float), self.steps, np.arange(len(self.steps)))
        width = (self.right - self.left) / max(len(self.steps) - 1, 1)
        return np.asarray(self.left + frames * width)


def recent_means(losses: ArrayLike) -> F64:
    """Return for every mini-batch the mean loss of the last half of those up to it, 50 at most."""
    values = np.asarray(losses, float)
    sums = np.concatenate([[0.0], values.cumsum()])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - _RECENT, ends // 2)
    result: F64 = (sums[ends] - sums[starts]) / (ends - starts)
    return result


def draw_line(image: Image, x: Iterable[float], y: Iterable[float], colour: Colour) -> None:
    """Draw a smooth line through points."""
    from PIL import Image as Images
    from PIL import ImageDraw

    ink = Images.new("L", (_FINE * image.width, _FINE * image.height))
    points = [(_FINE * a, _FINE * b) for a, b in zip(x, y, strict=True)]
    ImageDraw.Draw(ink).line(points, 255, width=2 * _FINE + _FINE // 2, joint="curve")
    image.paste(colour, (0, 0), ink.resize(image.size, Images.Resampling.BOX))


def draw_axis(draw: ImageDraw, axis: Axis, last: int, size: int, theme: Theme) -> None:
    """Draw the axis; write mini-batches below it: powers of ten and the last, where there is room."""
    letters, bottom = font(size), axis.bottom
    draw.line((axis.left, bottom, axis.right, bottom), theme.muted)
    free = float("-inf")
    marks = [10**k for k in range(9) if 10**k < last]
    for step in [*marks, last]:
        number = int(np.searchsorted(axis.steps, step))
        if number >= len(axis.steps):
            continue
        text, place = f"{step:,}", float(axis.places(axis.steps[number]))
        half = letters.getlength(text) / 2
        start = min(max(place - half, axis.left), axis.right - 2 * half)
        if start < free + size / 2:
            continue
        draw.line((place, bottom, place, bottom + 3), theme.muted)
        draw.text((start, bottom + 5), text, theme.muted, letters, "lt")
        free = start + 2 * half


def draw_scale(
    image: Image,
    box: tuple[int, int, int, int],
    limit: float,
    colours: U8,
    size: int,
    theme: Theme,
) -> None:
    """Draw what the colours of weights mean: a bar with a word above it, and its numbers below.

    Args:
        image: What to draw into.
        box: Of the bar: left, top, right, bottom.
        limit: The weight with the strongest colour.
        colours: (255, 3), RGB: of weights from -limit to +limit.
        size: Pixels of a letter's height.
        theme: Of the text.
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    left, top, right, bottom = box
    ramp = colours[np.linspace(0, 254, right - left).round().astype(int)]
    image.paste(Images.fromarray(np.repeat(ramp[np.newaxis], bottom - top, axis=0)), (left, top))
    draw, letters = ImageDraw.Draw(image), font(size)
    draw.rectangle((left - 1, top - 1, right, bottom), outline=theme.muted)
    draw.text(((left + right) / 2, top - 5), "weights", theme.muted, letters, "ms")
    for place, text, anchor in (
        (left, f"-{limit:.2g}", "lt"),
        ((left + right) / 2, "0", "mt"),
        (right, f"+{limit:.2g}", "rt"),
    ):
        draw.text((place, bottom + 5), text, theme.muted, letters, anchor)
