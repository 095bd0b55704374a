"""Board: trainings of a race go in; what its film and its picture share of them comes out.

A lane for each: its first units' tiles, with words below, and lines of all in charts. All tiles have one
scale of colours, all lines one pair of axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import draw_scale, recent_means
from .chart import Chart, Line
from .lanes import lanes_of
from .legend import wrapped
from .panels import GAP, beside, stacked, words
from .theme import THEMES, font
from .tiles import Shape, colours

if TYPE_CHECKING:
    from PIL.Image import Image

F32 = NDArray[np.float32]
MOST = 6  # trainings that have room, and colours that can be told apart
_STRONG = 0.999  # quantile of |weights| that gets the strongest colour
_WIDE = 400  # pixels of a lane that has room for large letters
_SWATCH, _PAD = 6, 8  # pixels: of a lane's line of colour; left and right of the words below it
_COUNTER = 28  # pixels of the letters that count a film's mini-batches
SIDE = 290  # pixels of what stands right of a film's chart


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One training of a race.

    Attributes:
        name: Short: "lr 0.005".
        layer: (fan_in, units): the first layer at the end, finite; its first units are enough.
        losses: Per sample, of every mini-batch.
        accuracies: Numbers of mini-batches, rising, and the accuracy on the validation set after them.
        failed: At which mini-batch its loss ceased to be finite; None if it did not.
        note: What is told of its end: "learned, 95.16% right".
    """

    name: str
    layer: F32
    losses: Sequence[float]
    accuracies: dict[int, float]
    failed: int | None = None
    note: str = ""

    @property
    def end(self) -> int:
        """Its last mini-batch, or the one at which it failed."""
        return len(self.losses) if self.failed is None else self.failed

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """(mini-batches,): the mean loss of the last ones up to each."""
        return recent_means(self.losses)

    def right(self, step: int) -> tuple[float | None, int]:
        """Return the last accuracy measured up to a mini-batch, and at which."""
        known = [n for n in self.accuracies if n <= step]
        return (self.accuracies[known[-1]], known[-1]) if known else (None, 0)

    def told(self, step: int) -> tuple[str, str]:
        """Tell in two lines how it was after a mini-batch, or when it had ended."""
        if self.failed is not None and step >= self.failed:
            return f"failed at batch {self.failed:,}", "its loss is not finite any more"
        own = min(step, len(self.losses))
        right, measured = self.right(own)
        loss = f"loss {self.means[own - 1]:.3f}" if own else ""
        when = f"validated at batch {measured:,}" if measured < own and right is not None else ""
        if own < step:
            when = f"ended at batch {own:,}"
        above = "" if right is None else f"validation {right:.2%}"
        return above, ", ".join(part for part in (loss, when) if part)


class Board:
    """Lanes, their colours, the words below them, and charts.

    Attributes:
        lanes: Where the tiles are.
        limit: The weight with the strongest colour.
        theme: Its name.
        width: Pixels of all lanes.
    """

    def __init__(self, entries: Sequence[Entry], shape: Shape | None, theme: str) -> None:
        self._entries, self.theme, self._look = entries, theme, THEMES[theme]
        self.lanes = lanes_of(len(entries), len(entries[0].layer), shape)
        self.limit = _limit([entry.layer for entry in entries])
        self.width = self.lanes.whole[1] * self.lanes.scale
        self._lane = self.lanes.size[1] * self.lanes.scale
        self._letter = 22 if self._lane >= _WIDE else 18
        self._small = self._letter * 3 // 4
        self._colours = (self._look.first, self._look.second, *self._look.more)
        self._words = cache(self._written)  # of frames, most say what the last one said
        self._scale = cache(self._drawn_scale)

    def told(self, lines: Sequence[Sequence[str]]) -> Image:
        """Write below each lane its name, between a line of its colour and what is told of it."""
        from PIL import Image as Images

        lanes = []
        for entry, colour, (first, *more) in zip(self._entries, self._colours, lines, strict=False):
            parts = [
                Images.new("RGB", (self._lane, _SWATCH), colour),
                self._words(entry.name, self._letter), self._words(first, self._letter),
                *(self._words(line, self._small, True) for line in more),
            ]  # fmt: skip
            lanes.append(stacked(parts, gap=2, theme=self.theme))
        return beside(lanes, gap=self.lanes.gap * self.lanes.scale, theme=self.theme)

    def wrapped(self, text: str) -> str:
        """Return a text with line breaks, so that a lane has room for it."""
        return "\n".join(wrapped(text, font(self._small), self._lane - 2 * _PAD))

    def losses(self, size: tuple[int, int], steps: Sequence[int]) -> Chart:
        """Return the chart of the losses; its top is the highest first one."""
        lines = []
        for entry, colour in zip(self._entries, self._colours, strict=False):
            own = [n for n in (*steps, len(entry.losses)) if 0 < n <= len(entry.losses)]
            values = entry.means[np.array(own, int) - 1]
            lines.append(Line(own, values, colour, entry.failed is not None))
        top = max((line.values[0] for line in lines if len(line.values)), default=0.0) or 1.0
        return self._chart(size, lines, steps, "training loss per sample", top, "{:.2g}")

    def accuracies(self, size: tuple[int, int], steps: Sequence[int]) -> Chart:
        """Return the chart of the accuracies on the validation set."""
        lines = [
            Line(
                [*entry.accuracies], [*entry.accuracies.values()], colour, entry.failed is not None
            )
            for entry, colour in zip(self._entries, self._colours, strict=False)
        ]
        return self._chart(size, lines, steps, "validation accuracy", 1.0, "{:.0%}")

    def side(self, height: int, step: int, last: int) -> Image:
        """Draw what stands right of a film's chart: which mini-batch it is, and the colours."""
        from PIL import ImageDraw

        image = self._scale(height).copy()
        draw = ImageDraw.Draw(image)
        draw.text((GAP, GAP), f"batch {step:,}", self._look.ink, font(_COUNTER), "lt")
        place = GAP, GAP + _COUNTER * 3 // 2
        draw.text(place, f"of {last:,}", self._look.muted, font(self._small), "lt")
        return image

    def _drawn_scale(self, height: int) -> Image:
        from PIL import Image as Images

        image = Images.new("RGB", (SIDE, height), self._look.paper)
        bottom = height - 2 * GAP - self._small
        draw_scale(
            image, (GAP, bottom - self._letter, SIDE - GAP, bottom), self.limit,
            colours("diverging", self.theme), self._small, self._look,
        )  # fmt: skip
        return image

    def _written(self, text: str, size: int, muted: bool = False) -> Image:
        from PIL import Image as Images

        line = words(text, size=size, width=self._lane - 2 * _PAD, muted=muted, theme=self.theme)
        image = Images.new("RGB", (self._lane, line.height), self._look.paper)
        image.paste(line, (_PAD, 0))
        return image

    def _chart(
        self,
        size: tuple[int, int],
        lines: Sequence[Line],
        steps: Sequence[int],
        title: str,
        top: float,
        unit: str,
    ) -> Chart:
        return Chart(
            size, lines, steps=steps, title=title, top=top, unit=unit, letter=self._small,
            theme=self.theme,
        )  # fmt: skip


def _limit(layers: Sequence[F32]) -> float:
    """Return the weight that gets the strongest colour: that of the training in the middle.

    One whose weights grow without bound does not make the others pale.
    """
    strong = sorted(float(np.quantile(np.abs(layer), _STRONG)) for layer in layers)
    return strong[(len(strong) - 1) // 2] or strong[-1] or 1.0
