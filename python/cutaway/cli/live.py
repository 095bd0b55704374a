"""The live picture: Moments go in, the hidden layer is drawn in the terminal while the network learns."""

from __future__ import annotations

import time
from functools import partial
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32
from ..learn.history import History, Moment
from ..look.blocks import TRUE, Fit, fit, resized, sparkline
from ..look.pace import log_steps
from ..look.theme import THEMES
from ..look.tiles import tile_shape, tiles
from .progress import Progress
from .screen import Screen

U8 = NDArray[np.uint8]
_FRAMES = 150  # of a training that is faster than the screen, which then takes ten seconds
_PER_SECOND = 15
_SPREADS = 7  # of the start weights: the strongest colour, fixed for the whole run
_LEVELS = 8  # of a colour's strength: more are not seen, and take longer to send
_BETWEEN = "   "


def steps_to_see(last: int) -> list[int]:
    """Return the mini-batches at which the network is to be seen, of a training of so many."""
    return log_steps(last, _FRAMES)


class Live:
    """Shows Moments in a terminal, slowly enough to be seen, as a context manager.

    Args:
        progress: Tells of the epochs, and shows how the film goes on.
        stream: Leads to the terminal.
        colours: How many it has, as for `blocks`.
        theme: "light" or "dark", whose shades need a terminal of all colours.
        epochs: Of the whole training.
        steps: Mini-batches of the whole training.
        history: Of what was learned before, if it goes on.
    """

    def __init__(
        self,
        progress: Progress,
        stream: TextIO,
        colours: int,
        theme: str = "light",
        *,
        epochs: int,
        steps: int,
        history: History | None = None,
    ) -> None:
        self._progress, self._screen, self._colours = progress, Screen(stream, colours), colours
        self._theme = theme if colours == TRUE else "light"
        self._epochs, self._steps = epochs, steps
        self._wanted = steps_to_see(steps)
        self._losses = np.zeros((2, len(self._wanted)))  # up to each: their sum, and how many
        self._accuracy = "--"
        self._start: F32 | None = None
        self._next = 0.0  # when there may be another frame
        if history is not None:
            self._learned(history)

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.close()
        self._progress.__exit__()

    def _learned(self, history: History) -> None:
        losses = np.array(history.sample_losses[: self._steps])
        frames = np.searchsorted(self._wanted, np.arange(1, len(losses) + 1))
        for row, weights in zip(self._losses, (losses, None), strict=True):
            row += np.bincount(frames, weights, len(row))
        if history.epochs:
            self._accuracy = f"{history.epochs[-1]['valid_accuracy']:.2%}"

    def moment(self, moment: Moment) -> None:
        """Take in the next Moment; the last one gives the terminal back."""
        frame = int(np.searchsorted(self._wanted, moment.step))
        self._losses[:, frame] += moment.sample_losses.sum(), len(moment.sample_losses)
        if "valid_accuracy" in moment.metrics:
            self._accuracy = f"{moment.metrics['valid_accuracy']:.2%}"
        if self._start is None:
            self._start = moment.weights[0]
        if self._wanted[frame] == moment.step or time.perf_counter() > self._next:
            time.sleep(max(0.0, self._next - time.perf_counter()))
            self._next = time.perf_counter() + 1 / _PER_SECOND
            self._screen.show(partial(self._draw, moment))
        self._progress.tell(moment)
        if moment.step == self._steps:
            self._screen.close()

    def film(self, frames: int, of: int) -> None:
        """Show how many frames of the film are done, below the last picture."""
        self._screen.close()
        self._progress.film(frames, of)

    def _draw(self, moment: Moment, columns: int, rows: int) -> tuple[U8, list[str]]:
        """Return the image and the lines of text for a screen of so many columns and rows."""
        width = columns - 1  # the last place of the last line makes some terminals scroll
        text = self._caption(moment, width)
        weights, units = moment.weights[0], moment.weights[0].shape[1]
        shape = tile_shape("live", weights, moment.shape)
        plan = fit(shape, units, (max(0, 2 * (rows - len(text) - 1)), columns))
        shown = f"{units}" if plan.shown == units else f"the first {plan.shown} of {units}"
        text.append(self._curve(f"{_BETWEEN}{shown} neurons", width))
        lines = [line[:width].ljust(width) for line in text[:rows]]
        return self._picture(weights, shape, plan), lines

    def _picture(self, weights: F32, shape: tuple[int, int], plan: Fit) -> U8:
        """Return an image of the first units' tiles."""
        if not plan.shown:
            return np.empty((0, 0, 3), np.uint8)
        assert self._start is not None
        with np.errstate(all="ignore"):  # what is no longer finite is told by the training
            start, now = (
                resized(layer[:, : plan.shown], shape, plan.tile)
                for layer in (self._start, weights)
            )
            limit = _SPREADS * start.std()
            levels = np.rint(np.nan_to_num(now / limit).clip(-1, 1) * _LEVELS) / _LEVELS
        pixels = tiles(
            levels,
            shape=plan.tile,
            columns=plan.across,
            limit=1,
            layout="in,out",
            theme=self._theme,
        )
        if self._colours == 8:  # none of which is like the lines between tiles
            pixels[(pixels == THEMES[self._theme].gap).all(axis=2)] = 0
        return pixels[1:-1, 1:-1]  # there is no room for a line around all

    def _caption(self, moment: Moment, width: int) -> list[str]:
        """Return what is known in numbers, in as few lines as have room for it."""
        epochs, steps = f"{self._epochs}", f"{self._steps:,}"
        facts = (
            f"epoch {moment.epoch:{len(epochs)}} of {epochs}",
            f"mini-batch {moment.step:{len(steps)},}",
            f"loss {moment.sample_losses.mean():.4f}",
            f"validation accuracy {self._accuracy:>6}",
        )
        lines = [""]
        for fact in facts:
            longer = f"{lines[-1]}{_BETWEEN if lines[-1] else ''}{fact}"
            if len(longer) > width and lines[-1]:
                lines.append(fact)
            else:
                lines[-1] = longer
        return lines

    def _curve(self, note: str, width: int) -> str:
        """Return the loss so far, a character for every frame or for some of them, and a note."""
        label, frames = "loss ", len(self._wanted)
        room = min(frames, max(1, width - len(label) - len(note)))
        column = np.arange(frames) * room // frames
        sums, counts = (np.bincount(column, row) for row in self._losses)
        means = np.divide(sums, counts, out=np.full(room, np.nan), where=counts > 0)
        return f"{label}{sparkline(means)}{note}"
