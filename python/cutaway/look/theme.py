"""Theme: the colours and the font that all pictures, films and plots share, light and dark.

Blue against orange is a pair that colour-blind readers tell apart; zero is the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Colour = tuple[int, int, int]
FAMILY = "DejaVu Sans"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours as RGB, 0 to 255.

    Attributes:
        paper: What everything is drawn on.
        ink: Text, and what must be seen.
        muted: Text and lines of second rank.
        gap: Between tiles.
        negative: Of weights below zero, from strong to weak.
        zero: Of weights that are zero.
        positive: Of weights above zero, from weak to strong.
        first: A plot's first line.
        second: A plot's second line.
        more: Its other lines.
    """

    paper: Colour
    ink: Colour
    muted: Colour
    gap: Colour
    negative: tuple[Colour, ...]
    zero: Colour
    positive: tuple[Colour, ...]
    first: Colour
    second: Colour
    more: tuple[Colour, ...]


THEMES = {
    "light": Theme(
        paper=(255, 255, 255),
        ink=(38, 42, 51),
        muted=(95, 101, 112),
        gap=(168, 172, 180),
        negative=((8, 48, 107), (33, 113, 181), (158, 202, 225)),
        zero=(255, 255, 255),
        positive=((253, 190, 133), (217, 95, 14), (127, 39, 4)),
        first=(33, 113, 181),
        second=(217, 95, 14),
        more=((0, 148, 108), (185, 80, 150), (145, 130, 0), (90, 95, 106)),
    ),
    "dark": Theme(
        paper=(17, 19, 24),
        ink=(232, 234, 238),
        muted=(154, 160, 171),
        gap=(66, 71, 82),
        negative=((190, 225, 255), (82, 160, 235), (22, 56, 100)),
        zero=(17, 19, 24),
        positive=((92, 46, 18), (242, 130, 42), (255, 221, 176)),
        first=(98, 172, 240),
        second=(245, 145, 66),
        more=((46, 196, 150), (230, 140, 200), (226, 198, 70), (176, 182, 192)),
    ),
}


@cache
def font(size: int) -> FreeTypeFont:
    """Return the font of all text, so many pixels high: the one that matplotlib brings along."""
    from pathlib import Path

    from matplotlib import get_data_path
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), size)
