"""Labels: what stands in and beside the tiles of a picture: names, numbers, marks, an axis.

No letter is smaller than can be read; what has no room is cut, or left out and told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import warn
from .raster import Raster
from .theme import Theme, font

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

LETTER = 12  # pixels of a letter's height, at least
_LARGEST = 18
_PAD = 2  # pixels around a text in a corner
_WIDEST = 160  # pixels of a name beside a strip
_ROOM = 8  # pixels between two texts, at least
_TICK = 4  # pixels of a line that leads to a number of an axis


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is told of the units, tile by tile.

    Attributes:
        names: Below the tiles, or left of strips; None for no names.
        numbers: In the tiles' upper left corners, or left of strips; None for no numbers.
        marks: A word for a tile that is ringed, with its first letter in the corner; "" for others.
    """

    names: tuple[str, ...] | None
    numbers: tuple[str, ...] | None
    marks: tuple[str, ...]

    def room(self, raster: Raster) -> Raster:
        """Return a raster with room for what stands beside the tiles."""
        if raster.strips:
            letters = font(_strip_size(raster))
            texts = [shortened(text, letters, _WIDEST) for text in self._beside]
            widest = math.ceil(max(map(letters.getlength, texts)))
            return replace(raster, left=widest + _ROOM if widest else 0)
        return replace(raster, below=_size(raster.width) * 3 // 2 if self.names else 0)

    def draw(self, image: Image, raster: Raster, theme: Theme, tiles: Theme) -> Image:
        """Return an image of tiles with all that is told.

        Args:
            image: The tiles.
            raster: Where they are, with room.
            theme: Of the paper.
            tiles: Of the tiles.
        """
        _draw_corners(image, self.corners(raster), self.marks, raster, tiles)
        if not raster.strips:
            _draw_names(image, self.names or (), raster, theme)
            return image
        _draw_beside(image, self._beside, raster, theme)
        return with_axis(image, raster, theme) if self.numbers else image

    def corners(self, raster: Raster) -> tuple[str, ...]:
        """Return what is written in the corners: numbers, and marks' letters if all have room."""
        nothing = ("",) * raster.units
        numbers = nothing if raster.strips or self.numbers is None else self.numbers
        lettered = _joined(numbers, [mark[:1] for mark in self.marks])
        return lettered if _fit(lettered, raster, LETTER) else numbers

    def counted(self, raster: Raster) -> str:
        """Tell what letters in corners, or rings alone, mean, and how many there are."""
        words = sorted({mark for mark in self.marks if mark})
        if not words:
            return ""
        count = {word: f"{self.marks.count(word)} {word}" for word in words}
        if self.corners(raster)[self.marks.index(words[0])].endswith(words[0][0]):
            return ", ".join(f"{word[0]}: {told}" for word, told in count.items())
        return f"ringed: {', '.join(count.values())}"

    @property
    def _beside(self) -> tuple[str, ...]:
        """What stands left of strips."""
        nothing = ("",) * len(self.marks)
        return _joined(self.numbers or nothing, self.names or nothing)


def _joined(some: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{one} {other}".strip() for one, other in zip(some, others, strict=True))


def smallest_scale(numbers: Sequence[str], shape: tuple[int, int]) -> int:
    """Return the pixels per weight from which on numbers have room in the corners of tiles."""
    wide, high = _plate(max(numbers, key=len), LETTER)
    return max(-(-2 * high // shape[0]), -(-2 * wide // shape[1]))


def shortened(text: str, font: FreeTypeFont, width: float) -> str:
    """Return a text on one line, cut to so many pixels."""
    text = " ".join(text[: int(width) + 1].split())  # the rest of a huge one has no room anyway
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _size(width: int) -> int:
    """Return how high letters are on tiles so many pixels wide."""
    return max(LETTER, min(_LARGEST, width // 6))


def _strip_size(raster: Raster) -> int:
    """Return how high letters are beside strips."""
    return max(LETTER, min(_LARGEST, raster.height // 3))


def _draw_corners(
    image: Image, texts: Sequence[str], marks: Sequence[str], raster: Raster, theme: Theme
) -> None:
    """Ring the tiles that have a mark; write the texts into the corners, on plates."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    size = _size(min(raster.width, raster.height))
    while size > LETTER and not _fit(texts, raster, size):
        size -= 1
    for number, (text, mark) in enumerate(zip(texts, marks, strict=True)):
        x, y = raster.corner(number)
        ink, paper = (theme.paper, theme.ink) if mark else (theme.ink, theme.paper)
        if mark:
            right, bottom = x + raster.width - 1, y + raster.height - 1
            draw.rectangle((x, y, right, bottom), outline=theme.ink, width=2)
        if text:
            wide, high = _plate(text, size)
            draw.rectangle((x, y, x + wide - 1, y + high - 1), fill=paper)
            draw.text((x + wide / 2, y + high / 2), text, ink, font(size), "mm")


def _plate(text: str, size: int) -> tuple[int, int]:
    """Return (width, height) of a text with some room around it."""
    return math.ceil(font(size).getlength(text)) + 2 * _PAD, size + 2 * _PAD


def _fit(texts: Sequence[str], raster: Raster, size: int) -> bool:
    """Tell whether texts cover no more than a corner: half a tile's width, and half its height."""
    plates = [_plate(text, size) for text in texts if text]
    return all(2 * wide <= raster.width and 2 * high <= raster.height for wide, high in plates)


def _draw_names(image: Image, names: Sequence[str], raster: Raster, theme: Theme) -> None:
    """Write a name below each tile, cut to its width.

    Warns:
        UserWarning: if a tile has no room for a letter.
    """
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    letters = font(_size(raster.width))
    texts = [shortened(name, letters, raster.width) for name in names]
    for number, text in enumerate(texts):
        x, y = raster.corner(number)
        place = x + raster.width / 2, y + raster.height + raster.gap + raster.below / 2
        draw.text(place, "" if text == "…" else text, theme.ink, letters, "mm")
    if "…" in texts:
        warn(
            f"grid: names have no room below tiles {raster.width} pixels wide; take a larger scale"
        )


def _draw_beside(image: Image, texts: Sequence[str], raster: Raster, theme: Theme) -> None:
    """Write texts left of strips, beside as many of them as there is room for."""
    from PIL import ImageDraw

    draw, letters = ImageDraw.Draw(image), font(_strip_size(raster))
    every = -(-(LETTER + 2) // (raster.height + raster.gap))
    for number, text in enumerate(texts):
        if number // raster.across % every == 0:
            x, y = raster.corner(number)
            middle = min(
                max(y + raster.height / 2, letters.size / 2), image.height - letters.size / 2
            )
            place = x - raster.gap - _ROOM / 2, middle  # within the picture, if strips are low
            draw.text(place, shortened(text, letters, _WIDEST), theme.ink, letters, "rm")


def with_axis(image: Image, raster: Raster, theme: Theme) -> Image:
    """Return strips with the numbers of their inputs below the last row."""
    from PIL import Image as Images
    from PIL import ImageDraw

    inputs, cell, size = raster.shape[1], raster.cell[1], _strip_size(raster)
    widest = font(size).getlength(str(inputs - 1)) + _ROOM
    steps = (m * 10**k for k in range(len(str(inputs))) for m in (1, 2, 5))
    step = next((n for n in steps if n * cell >= widest), inputs)
    whole = Images.new("RGB", (image.width, image.height + _TICK + size * 3 // 2), theme.paper)
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    for column in range(raster.across):
        left = raster.corner(column)[0]
        for number in range(0, inputs, step):
            x, y = left + (number + 0.5) * cell, image.height + _TICK
            draw.line((x, image.height, x, y - 1), theme.muted)
            middle = min(x, image.width - 1 - font(size).getlength(str(number)) / 2)
            draw.text((middle, y + size * 3 / 4), str(number), theme.ink, font(size), "mm")
    return whole
