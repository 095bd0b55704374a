"""Labels: what stands beside the tiles of a picture: their names, a colour scale with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .tiles import colours

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_PAPER = (255, 255, 255)
_INK = (60, 64, 72)
_WIDE = 300  # pixels of a picture whose legend has room for a title
_NAME = 14  # pixels of a name's height, at most
_LETTER = 13  # pixels of a letter in a corner
_RING = (20, 20, 24)


def with_legend(image: Image, limit: float | None, style: str, title: str) -> Image:
    """Return the image with a colour scale below it; None: every tile has a limit of its own.

    A title that is too long to stand beside the scale stands below it.
    """
    from PIL import Image as Images
    from PIL import ImageDraw, ImageFont

    size = max(10, min(18, image.width // 24))
    pad = size // 2 + 2
    font = ImageFont.load_default(size)
    ends = ("-max", "+max") if limit is None else (f"-{limit:.2g}", f"+{limit:.2g}")
    bar_width = max(image.width // 3, 8)
    left = (image.width - bar_width) // 2
    room = left - 3 * pad - font.getlength(ends[0])
    below = image.width > _WIDE and font.getlength(title) > room
    height = image.height + 2 * pad + size + below * (pad + size)
    whole = Images.new("RGB", (image.width, height), _PAPER)
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    middle = image.height + pad + size / 2
    ramp = colours(style)[np.linspace(0, 254, bar_width).round().astype(int)]
    bar = Images.fromarray(np.repeat(ramp[np.newaxis], max(size - 4, 4), axis=0))
    top = image.height + pad + (size - bar.height) // 2
    whole.paste(bar, (left, top))
    draw.rectangle((left - 1, top - 1, left + bar_width, top + bar.height), outline=_INK)
    draw.text((left - pad, middle), ends[0], _INK, font, "rm")
    draw.text((left + bar_width + pad, middle), ends[1], _INK, font, "lm")
    if below:
        text = shortened(title, font, image.width - 2 * pad)
        draw.text((image.width / 2, middle + pad + size), text, _INK, font, "mm")
    elif image.width > _WIDE:
        draw.text((pad, middle), title, _INK, font, "lm")
    return whole


def with_names(image: Image, names: Sequence[str], across: int, gap: int) -> Image:
    """Return tiles with a name below each.

    Args:
        image: Rows of `across` tiles, all of one size.
        names: Of the tiles; they are cut to the width of one.
        across: Tiles per row.
        gap: Pixels of the line around each tile.
    """
    from PIL import Image as Images
    from PIL import ImageDraw, ImageFont

    down = -(-len(names) // across)
    width, height = (image.width - gap) // across, (image.height - gap) // down
    size = max(8, min(_NAME, width // 4))
    font = ImageFont.load_default(size)
    line = size + size // 2
    whole = Images.new("RGB", (image.width, down * (height + gap + line)), _PAPER)
    draw = ImageDraw.Draw(whole)
    for row in range(down):
        strip = image.crop((0, row * height, image.width, (row + 1) * height + gap))
        top = row * (height + gap + line)
        whole.paste(strip, (0, top))
        for column, name in enumerate(names[row * across : (row + 1) * across]):
            centre = (gap + width) / 2 + column * width
            text = shortened(name, font, width - 2)
            draw.text((centre, top + height + gap + line / 2), text, _INK, font, "mm")
    return whole


def with_marks(image: Image, marks: Sequence[str], across: int, gap: int) -> Image:
    """Return tiles of which those with a mark are ringed, with its first letter in the corner.

    Args:
        image: Rows of `across` tiles, all of one size.
        marks: A word for every tile, or "".
        across: Tiles per row.
        gap: Pixels of the line around each tile.
    """
    from PIL import ImageDraw, ImageFont

    down = -(-len(marks) // across)
    width, height = (image.width - gap) // across, (image.height - gap) // down
    font = ImageFont.load_default(_LETTER)
    whole = image.copy()
    draw = ImageDraw.Draw(whole)
    for number, mark in enumerate(marks):
        if not mark:
            continue
        left, top = gap + number % across * width, gap + number // across * height
        right, bottom = left + width - gap - 1, top + height - gap - 1
        draw.rectangle((left, top, right, bottom), outline=_RING, width=2)
        if min(right - left, bottom - top) > 2 * _LETTER:
            draw.rectangle((left, top, left + _LETTER, top + _LETTER + 2), fill=_RING)
            draw.text((left + _LETTER / 2, top + 1 + _LETTER / 2), mark[0], _PAPER, font, "mm")
    return whole


def counted(marks: Sequence[str]) -> str:
    """Tell what letters in corners mean, and how many there are."""
    words = sorted({mark for mark in marks if mark})
    return ", ".join(f"{word[0]}: {list(marks).count(word)} {word}" for word in words)


def shortened(text: str, font: FreeTypeFont | ImageFont, width: float) -> str:
    """Return a text cut to so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
