"""Doubt: how right and how sure a network is go in, strain by strain; one picture comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .curves import dress, rgb
from .ends import label_ends
from .labels import shortened
from .panels import BODY, GAP, HEAD, beside, framed, stacked, titled
from .theme import THEMES, font
from .wall import fitted, wall

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH = 1240  # pixels, without the margin
_PANEL = (WIDTH - 2 * GAP) // 2, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 116, 10, 30  # pixels around a panel's axes
_SAMPLE = 60  # pixels of an example
_LETTERS = 12  # points, about BODY pixels
_DPI = 100
_CELL = 140  # pixels of nonsense


class Panel(NamedTuple):
    """One strain.

    Attributes:
        title: What is done to the samples.
        note: In which unit, of second rank.
        ticks: (steps,): the strengths in words.
        accuracy: (steps,), 0 to 1.
        confidence: (steps,), 0 to 1.
        samples: (steps, height, width), 0 to 1; every other is drawn.
        captions: (steps,): what is said of them.
    """

    title: str
    note: str
    ticks: Sequence[str]
    accuracy: ArrayLike
    confidence: ArrayLike
    samples: ArrayLike
    captions: Sequence[str]


def doubt_picture(
    panels: Sequence[Panel],
    samples: ArrayLike,
    captions: Sequence[str],
    *,
    titles: tuple[str, str],
    notes: tuple[str, str],
    theme: str = "light",
) -> Image:
    """Draw how right and how sure a network is under strain, and below what it says of nonsense.

    Args:
        panels: The strains, two in a row.
        samples: (n, height, width), 0 to 1: the nonsense.
        captions: (n,): what it is, and what is said of it.
        titles: Of both parts.
        notes: Likewise, of second rank.
        theme: "light" or "dark".
    """
    drawn = [_panel(panel, theme) for panel in panels]
    rows = [beside(drawn[n : n + 2], gap=2 * GAP, theme=theme) for n in range(0, len(drawn), 2)]
    below = wall(samples, captions, width=WIDTH, cell=_CELL, edge=True, theme=theme)
    parts = [
        titled(image, title, note, size=HEAD, width=WIDTH, theme=theme)
        for image, title, note in zip(
            (stacked(rows, gap=GAP, theme=theme), below), titles, notes, strict=True
        )
    ]
    return framed(stacked(parts, gap=2 * GAP, theme=theme), margin=GAP + 4, theme=theme)


def _panel(panel: Panel, theme: str) -> Image:
    """Draw a strain: its curves, and below every other strength an example with what is said of it."""
    whole = stacked([_curves(panel, theme), _examples(panel, theme)], gap=4, theme=theme)
    return titled(whole, panel.title, panel.note, theme=theme)


def _curves(panel: Panel, theme: str) -> Image:
    """Draw how right (a line) and how sure (dashes); the orange between is being surer than right."""
    from .figure import Figure

    look, (width, height) = THEMES[theme], _PANEL
    right, sure = 100 * np.asarray(panel.accuracy), 100 * np.asarray(panel.confidence)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=rgb(look.paper))
    room = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    axes = figure.add_axes((_LEFT / width, _BOTTOM / height, room[0] / width, room[1] / height))
    steps = np.arange(len(right))
    blue, orange = rgb(look.first), rgb(look.second)
    axes.fill_between(
        steps,
        right,
        sure,
        where=(sure >= right).tolist(),
        color=orange,
        alpha=0.2,
        lw=0,
        interpolate=True,
    )
    axes.plot(steps, right, color=blue, lw=2.5)
    axes.plot(steps, sure, color=orange, lw=2.5, ls=(0, (4, 1.5)))
    axes.set(xlim=(0, steps[-1]), ylim=(0, 101))
    axes.set_xticks(steps[::2], panel.ticks[::2], fontsize=_LETTERS)
    axes.tick_params(axis="y", labelsize=_LETTERS)
    dress(axes, look)
    ends = [
        (float(right[-1]), f"right {right[-1]:.0f} %", blue),
        (float(sure[-1]), f"sure {sure[-1]:.0f} %", orange),
    ]
    label_ends(axes, ends, gap=10, lead=24, size=_LETTERS, look=look)
    return figure.image()


def _examples(panel: Panel, theme: str) -> Image:
    """Draw every other example, below its strength, with what is said of it."""
    from PIL import Image as Images
    from PIL import ImageDraw

    look, letters, pixels = THEMES[theme], font(BODY), np.asarray(panel.samples)
    places = np.linspace(_LEFT, _PANEL[0] - _RIGHT, len(pixels))[::2]
    room = (places[-1] - places[0]) / max(1, len(places) - 1) - 4
    drawn = [fitted(picture, _SAMPLE, theme=theme) for picture in pixels[::2]]
    high = max(image.height for image in drawn)
    lines = max(caption.count("\n") + 1 for caption in panel.captions)
    image = Images.new("RGB", (_PANEL[0], high + lines * BODY * 3 // 2), look.paper)
    draw = ImageDraw.Draw(image)
    for x, sample, caption in zip(places, drawn, panel.captions[::2], strict=True):
        image.paste(sample, (round(x - sample.width / 2), 0))
        for number, line in enumerate(caption.split("\n")):
            place = x, high + (number + 0.5) * BODY * 3 // 2
            draw.text(place, shortened(line, letters, room), look.ink, letters, "mm")
    return image
