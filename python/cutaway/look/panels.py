"""Panels: images, numbers and words go in, one image with all of them comes out, in the look of a theme.

What posters, biographies and other pictures of several parts are put together from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .labels import LETTER, shortened
from .legend import wrapped
from .theme import THEMES, font

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 16  # pixels between two panels
BODY, TITLE, HEAD = 17, 22, 30  # pixels of a letter's height: legible at half the size, on a slide


def stacked(images: Sequence[Image], *, gap: int = GAP, theme: str = "light") -> Image:
    """Put images one below the other, at the left."""
    from PIL import Image as Images

    height = sum(image.height for image in images) + gap * (len(images) - 1)
    size = max(image.width for image in images), height
    whole, top = Images.new("RGB", size, THEMES[theme].paper), 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height + gap
    return whole


def beside(images: Sequence[Image], *, gap: int = GAP, theme: str = "light") -> Image:
    """Put images one beside the other, at the top."""
    from PIL import Image as Images

    width = sum(image.width for image in images) + gap * (len(images) - 1)
    size = width, max(image.height for image in images)
    whole, left = Images.new("RGB", size, THEMES[theme].paper), 0
    for image in images:
        whole.paste(image, (left, 0))
        left += image.width + gap
    return whole


def framed(image: Image, *, margin: int = GAP, theme: str = "light") -> Image:
    """Put paper around an image."""
    from PIL import ImageOps

    return ImageOps.expand(image, margin, THEMES[theme].paper)


def words(
    text: str,
    *,
    size: int = BODY,
    width: int | None = None,
    muted: bool = False,
    theme: str = "light",
) -> Image:
    """Write a line, or several: a text with line breaks.

    Args:
        text: What to write.
        size: Pixels of a letter's height.
        width: Pixels of the image; longer lines are cut. None: as wide as the longest.
        muted: Whether it is of second rank.
        theme: "light" or "dark".
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    look, letters, line = THEMES[theme], font(size), size * 3 // 2
    lines = text.split("\n")
    if width is None:
        width = max(1, *(int(letters.getlength(part)) + 1 for part in lines))
    image = Images.new("RGB", (width, line * len(lines)), look.paper)
    draw = ImageDraw.Draw(image)
    for number, part in enumerate(lines):
        place = 0, (number + 0.5) * line
        draw.text(
            place, shortened(part, letters, width), look.muted if muted else look.ink, letters, "lm"
        )
    return image


def paragraph(
    text: str, *, width: int, size: int = BODY, muted: bool = False, theme: str = "light"
) -> Image:
    """Write a text as words() does, but what is longer than a line goes on below it."""
    lines = [part for line in text.split("\n") for part in wrapped(line, font(size), width) or [""]]
    return words("\n".join(lines), size=size, width=width, muted=muted, theme=theme)


def titled(
    image: Image,
    title: str,
    note: str = "",
    *,
    size: int = TITLE,
    width: int = 0,
    theme: str = "light",
) -> Image:
    """Put a title, and maybe a note of second rank, above an image.

    Args:
        image: What they are about.
        title: A line or several.
        note: Likewise; "" for none.
        size: Pixels of the height of the title's letters.
        width: Pixels that both have, if the image is not wider.
        theme: "light" or "dark".
    """
    room = max(width, image.width)
    above = [paragraph(title, size=size, width=room, theme=theme)]
    if note:
        above.append(paragraph(note, width=room, muted=True, theme=theme))
    head = stacked(above, gap=0, theme=theme)
    return stacked([head, image], gap=size // 3, theme=theme)


def bars(
    values: ArrayLike,
    labels: Sequence[str],
    *,
    texts: Sequence[str] | None = None,
    limit: float | None = None,
    strong: Sequence[int] = (),
    width: int = 240,
    size: int = BODY,
    theme: str = "light",
) -> Image:
    """Draw numbers as bars: to the right, orange, from zero; those below zero to the left, blue.

    Args:
        values: (n,).
        labels: (n,): left of the bars.
        texts: (n,): right of the bars, in place of the numbers with two digits.
        limit: The number that fills the width; the largest if None.
        strong: Which labels are written in full ink; all if empty.
        width: Pixels of the longest bar, both signs together.
        size: Pixels of a letter's height.
        theme: "light" or "dark".
    """
    from PIL import Image as Images
    from PIL import ImageDraw

    look, letters, line = THEMES[theme], font(max(LETTER, size)), size * 3 // 2
    numbers: NDArray[np.float64] = np.nan_to_num(np.asarray(values, float))
    shown = [f"{value:.2g}" for value in numbers] if texts is None else list(texts)
    most = limit or float(np.abs(numbers).max(initial=0)) or 1.0
    left_share = 0.0 if (numbers >= 0).all() else 0.5
    left = max((int(letters.getlength(label)) for label in labels), default=0) + GAP // 2
    right = max((int(letters.getlength(text)) for text in shown), default=0) + GAP // 2
    zero, room = left + left_share * width, (1 - left_share) * width
    image = Images.new("RGB", (left + width + right, line * len(shown)), look.paper)
    draw = ImageDraw.Draw(image)
    for row, (value, label, text) in enumerate(zip(numbers, labels, shown, strict=True)):
        top, middle = row * line, (row + 0.5) * line
        end = zero + room * float(np.clip(value / most, -1, 1))
        ink = look.ink if not strong or row in strong else look.muted
        draw.text((left - GAP // 2, middle), label, ink, letters, "rm")
        colour = look.second if value >= 0 else look.first
        draw.rectangle((min(zero, end), top + 3, max(zero, end), top + line - 4), colour)
        draw.text((left + width + GAP // 2, middle), text, ink, letters, "lm")
    draw.line((zero, 0, zero, image.height), look.muted)
    return image


def sample(pixels: ArrayLike, scale: int, *, theme: str = "light") -> Image:
    """Draw an input: (height, width), 0 to 1; what is 1 is ink on the theme's paper."""
    from PIL import Image as Images

    look = THEMES[theme]
    share = np.clip(np.asarray(pixels, float), 0, 1)[..., np.newaxis]
    drawn = np.array(look.paper) * (1 - share) + np.array(look.ink) * share
    image = Images.fromarray(drawn.round().astype(np.uint8))
    return image.resize((image.width * scale, image.height * scale), Images.Resampling.NEAREST)


def fitted(pixels: ArrayLike, room: tuple[int, int]) -> Image:
    """Enlarge a picture's pixels to fill a room, all to the same size at any factor.

    Args:
        pixels: (height, width, 3), uint8; of a strip, (1, width, 3), pixels become higher than wide.
        room: (width, height) of the image, at most; a strip takes half of the height.
    """
    from PIL import Image as Images

    array = np.asarray(pixels, np.uint8)
    height, width = array.shape[:2]
    if height == 1 < width:
        size = room[0], max(1, room[1] // 2)
    else:
        factor = min(room[0] / width, room[1] / height)
        size = max(1, round(width * factor)), max(1, round(height * factor))
    whole = -(-size[0] // width) * width, -(-size[1] // height) * height
    image = Images.fromarray(array).resize(whole, Images.Resampling.NEAREST)
    return image.resize(size, Images.Resampling.BOX)  # edges between pixels may be half of both
