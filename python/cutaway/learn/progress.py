"""The progress bar of a training: Moments go in, a bar on stderr comes out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .history import Moment


class Bar:
    """A bar on stderr that counts mini-batches, and tells epoch and loss.

    Args:
        steps: Mini-batches of the whole training.
        stay: The bar stays on the screen when it is closed.
        done: Mini-batches that were learned before.
    """

    def __init__(self, steps: int, *, stay: bool = True, done: int = 0) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=steps, initial=done, unit="batch", leave=stay, file=sys.stderr, dynamic_ncols=True
        )

    def show(self, moment: Moment) -> None:
        """Go on to a Moment."""
        self._bar.set_postfix(
            epoch=moment.epoch, loss=f"{moment.sample_losses[-1]:.3f}", refresh=False
        )  # fmt: skip
        self.count(moment)

    def count(self, moment: Moment) -> None:
        """Go on as far, where several trainings share the bar: the numbers of one would mislead."""
        self._bar.update(len(moment.losses))

    def show_frames(self, frames: int, of: int) -> None:
        """Count the frames of a film instead."""
        if self._bar.unit != "frame":
            self._bar.unit = "frame"
            self._bar.reset(of)
            self._bar.set_postfix(refresh=False)
        self._bar.update(frames - self._bar.n)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let the block print something."""
        self._bar.clear()
        yield
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()
