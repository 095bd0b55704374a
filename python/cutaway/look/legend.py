"""Legend: below a picture, which colour is which weight, and what the picture shows, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .labels import shortened
from .theme import THEMES, font
from .tiles import channel, colours

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
_LEAST = 224  # pixels of a legend's width; narrower pictures get paper at both sides
_WIDE = 400  # pixels of a picture whose legend has room for text beside the colours
_LETTERS = (12, 16)  # pixels of a letter's height
_MOST = 4  # lines of a text


def with_legend(
    image: Image,
    limits: F32,
    texts: Sequence[str],
    note: str,
    *,
    style: str,
    theme: str,
    colour: bool,
    letter: int | None = None,
) -> Image:
    """Return the image with a colour scale and sentences below it.

    Its size depends on the texts and the image's width alone, so that a film's frames are of one size.

    Args:
        image: What it is the legend of.
        limits: (1,): the weight with the strongest colour; more if every tile has its own.
        texts: What is seen, each on lines of its own.
        note: A short sentence of second rank: a line, cut if need be.
        style: As for tiles().
        theme: As for tiles().
        colour: Whether weights are those of colour pictures.
        letter: Pixels of a letter's height; None for what suits the width.
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    look, width, beside = THEMES[theme], max(image.width, _LEAST), image.width >= _WIDE
    letters = font(letter or max(_LETTERS[0], min(_LETTERS[1], 9 + width // 110)))
    size = int(letters.size)
    pad, line, high = size // 2 + 2, size * 3 // 2, size - 1 if not colour else size + 6
    wide = width // 3 if beside else width - 2 * pad
    left, room = (wide + 4 * pad, width - wide - 5 * pad) if beside else (pad, width - 2 * pad)
    lines = [(part, look.ink) for text in texts for part in wrapped(text, letters, room)]
    lines.append((shortened(note, letters, room), look.muted))
    top = image.height + pad + 1
    under = top - (line - high) // 2 if beside else top + high + line + pad // 2
    bottom = max(top + high + line, under + line * len(lines)) + pad // 2
    whole = Images.new("RGB", (width, bottom), look.paper)
    whole.paste(image, ((width - image.width) // 2, 0))
    whole.paste(Images.fromarray(_bar(wide, high, style, theme, colour)), (pad, top))
    draw = ImageDraw.Draw(whole)
    draw.rectangle((pad - 1, top - 1, pad + wide, top + high), outline=look.muted)
    for (x, anchor), text in zip(
        ((0, "l"), (wide / 2, "m"), (wide, "r")), _ends(limits), strict=True
    ):
        draw.text((pad + x, top + high + line / 2), text, look.ink, letters, f"{anchor}m")
    for number, (text, ink) in enumerate(lines):
        draw.text((left, under + (number + 0.5) * line), text, ink, letters, "lm")
    return whole


def _ends(limits: F32) -> tuple[str, str, str]:
    """Return the numbers of a scale at its left end, in the middle and at its right end."""
    most = f"{limits[0]:.2g}" if len(limits) == 1 else "max"
    return f"\N{MINUS SIGN}{most}", "0", f"+{most}"


def _bar(width: int, height: int, style: str, theme: str, colour: bool) -> U8:
    """Return the colours of a scale; of colour pictures red, green and blue by themselves."""
    at = np.linspace(0, 254, width).round().astype(int)
    if not colour:
        return np.repeat(colours(style, theme)[np.newaxis, at], height, axis=0)
    ramp = channel(style)
    bars = np.full((3, width, 3), ramp[127])
    for n in range(3):
        bars[n, :, n] = ramp[at]
    return bars.repeat(-(-height // 3), axis=0)[:height]


def wrapped(text: str, font: FreeTypeFont, width: float) -> list[str]:
    """Return the lines of a text, broken between words; a longer word is cut, and a longer text."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) == _MOST:
            return [*lines[:-1], shortened(longer, font, width)]
        else:
            lines.append(shortened(word, font, width))
    return lines
