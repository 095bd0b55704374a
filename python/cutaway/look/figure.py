"""Figure: matplotlib's, which a notebook shows as a picture, whether `%matplotlib inline` is on or not.

It is imported where a figure is made, so that matplotlib is loaded then.
"""

from __future__ import annotations

import io

from matplotlib.figure import Figure as _Figure


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

    def _repr_png_(self) -> bytes:
        return self.png()
