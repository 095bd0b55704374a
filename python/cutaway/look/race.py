"""Race: what several trainings learned goes in; frames of one film, or a picture of the end, come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .board import SIDE, Board, Entry
from .describe import strength
from .legend import with_legend
from .pace import log_steps
from .panels import BODY, GAP, HEAD, beside, framed, stacked, titled
from .tiles import Shape

if TYPE_CHECKING:
    from PIL.Image import Image

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
_HEIGHT, _CHART = 760, 250  # pixels of a frame, and of its chart, at least
_PLACES = 300  # on the picture's axis of mini-batches


def summary(entries: Sequence[Entry], *, shape: Shape | None, theme: str) -> Image:
    """Draw how a race ended: the tiles of all, what is told of each, their losses and accuracies.

    Args:
        entries: The trainings, MOST at most.
        shape: (height, width) of a tile; None for a square or a strip.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.
    """
    from PIL import Image as Images

    board = Board(entries, shape, theme)
    last = max(entry.end for entry in entries)
    tiles = Images.fromarray(
        board.lanes.draw([entry.layer for entry in entries], board.limit, theme)
    )
    tiles = tiles.resize((board.width, tiles.height * board.lanes.scale), Images.Resampling.NEAREST)
    told = [(*entry.told(last), board.wrapped(entry.note)) for entry in entries]
    parts = [tiles, board.told(told)]
    if last:
        steps, size = log_steps(last, _PLACES), ((board.width - GAP) // 2, _CHART)
        charts = board.losses(size, steps), board.accuracies(size, steps)
        parts.append(beside([chart.image for chart in charts], theme=theme))
    limits = np.array([board.limit], np.float32)
    shown = f"tiles are the first {board.lanes.shown} units of the first layer"
    image = with_legend(
        stacked(parts, gap=0, theme=theme), limits, [shown], "numbers below the lines are mini-batches",
        style="diverging", theme=theme, colour=False, letter=BODY,
    )  # fmt: skip
    up_to = "up to " if any(entry.end < last for entry in entries) else ""
    title = f"{len(entries)} trainings, {up_to}{last:,} mini-batches"
    image = framed(titled(image, title, size=HEAD, theme=theme), theme=theme)
    image.info["Description"] = (
        f"race of {len(entries)} trainings: "
        f"{'; '.join(_sentence(entry, last) for entry in entries)}; "
        f"{shown}, blue below zero, orange above, {strength(limits)}"
    )
    return image


class RaceFrames:
    """The frames of a race's film.

    Args:
        entries: The trainings, at their ends.
        shape: (height, width) of a tile; None for a square or a strip.
        steps: Numbers of the mini-batches that are frames, rising.
        theme: "light" or "dark".

    Attributes:
        scale: How many times the tiles are to be enlarged.
    """

    def __init__(
        self, entries: Sequence[Entry], *, shape: Shape | None, steps: Sequence[int], theme: str
    ) -> None:
        self._entries, self._steps, self._board = entries, steps, Board(entries, shape, theme)
        lanes = self._board.lanes
        self.scale = lanes.scale
        told = self._told(steps[0]).height
        height = max(_CHART, _HEIGHT - lanes.whole[0] * self.scale - told)
        self._chart = self._board.losses((self._board.width - SIDE, height), steps)

    def draw(self, number: int, layers: Sequence[F32]) -> tuple[U8, U8]:
        """Draw a frame.

        Args:
            number: Of the frame, 0 for the first.
            layers: (fan_in, units) of each training then, finite.

        Returns:
            Its tiles, (h, w, 3), to be enlarged; its caption, (n, w * scale, 3), as large as it is shown.
        """
        step, board = self._steps[number], self._board
        side = board.side(self._chart.image.height, step, self._steps[-1])
        below = beside([self._chart.grown(step), side], gap=0, theme=board.theme)
        caption = stacked([self._told(step), below], gap=0, theme=board.theme)
        return board.lanes.draw(layers, board.limit, board.theme), np.asarray(caption)

    def _told(self, step: int) -> Image:
        return self._board.told([entry.told(step) for entry in self._entries])


def _sentence(entry: Entry, last: int) -> str:
    """Tell how a training ended."""
    parts = [part for part in (*entry.told(last), entry.note) if part]
    return f"{entry.name}: {', '.join(parts) or 'learned nothing'}"
