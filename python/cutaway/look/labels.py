"""Labels: what stands beside the tiles of a picture, its colour scale with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .tiles import colours

if TYPE_CHECKING:
    from PIL.Image import Image

_PAPER = (255, 255, 255)
_INK = (60, 64, 72)
_WIDE = 300  # pixels of a picture whose legend has room for a title


def with_legend(image: Image, limit: float | None, style: str, title: str) -> Image:
    """Return the image with a colour scale below it; None: every tile has a limit of its own."""
    from PIL import Image as Images
    from PIL import ImageDraw, ImageFont

    size = max(10, min(18, image.width // 24))
    pad = size // 2 + 2
    font = ImageFont.load_default(size)
    ends = ("-max", "+max") if limit is None else (f"-{limit:.2g}", f"+{limit:.2g}")
    whole = Images.new("RGB", (image.width, image.height + 2 * pad + size), _PAPER)
    whole.paste(image, (0, 0))
    draw = ImageDraw.Draw(whole)
    middle = image.height + pad + size / 2
    bar_width = max(image.width // 3, 8)
    left = (image.width - bar_width) // 2
    ramp = colours(style)[np.linspace(0, 254, bar_width).round().astype(int)]
    bar = Images.fromarray(np.repeat(ramp[np.newaxis], max(size - 4, 4), axis=0))
    top = image.height + pad + (size - bar.height) // 2
    whole.paste(bar, (left, top))
    draw.rectangle((left - 1, top - 1, left + bar_width, top + bar.height), outline=_INK)
    draw.text((left - pad, middle), ends[0], _INK, font, "rm")
    draw.text((left + bar_width + pad, middle), ends[1], _INK, font, "lm")
    if image.width > _WIDE:
        draw.text((pad, middle), title, _INK, font, "lm")
    return whole
