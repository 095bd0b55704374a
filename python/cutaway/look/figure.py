"""Figure: matplotlib's, which a notebook shows as a picture, whether `%matplotlib inline` is on or not.

It is imported where a figure is made, so that matplotlib is loaded then.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib.figure import Figure as _Figure

if TYPE_CHECKING:
    from PIL.Image import Image


class Figure(_Figure):
    """A matplotlib Figure that is its own picture.

    Attributes:
        description: What is seen, in a sentence.
    """

    description = ""

    def png(self) -> bytes:
        """Return the picture as the bytes of a PNG file."""
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()

    def image(self) -> Image:
        """Return the picture as an image, to put beside others."""
        from PIL import Image as Images

        return Images.open(io.BytesIO(self.png())).convert("RGB")

    def _repr_png_(self) -> bytes:
        return self.png()
