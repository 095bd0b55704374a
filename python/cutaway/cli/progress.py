"""The progress of a training: Moments go in, a bar and a line per epoch come out."""

from __future__ import annotations

import sys
from contextlib import nullcontext

from ..learn.history import Moment
from ..learn.progress import Bar


class Progress:
    """A bar where stderr is a terminal, and a line per epoch: a result, but talk beside JSON.

    Args:
        steps: Mini-batches of the whole training.
        bar: Whether there is a bar.
        lines: Whether there are lines.
        json: Whether stdout has JSON.
        done: Mini-batches that were learned before.
    """

    _HEAD = "epoch   training loss  accuracy   validation loss  accuracy"

    def __init__(self, steps: int, *, bar: bool, lines: bool, json: bool, done: int = 0) -> None:
        self._steps, self._has_bar, self._done = steps, bar, done
        self._begun = False
        self._bar: Bar | None = None
        self._lines = lines
        self._json = json

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def moment(self, moment: Moment) -> None:
        """Show the next Moment."""
        if bar := self._shown_bar():
            bar.show(moment)
        self.tell(moment)

    def tell(self, moment: Moment) -> None:
        """Print the line of an epoch, if the Moment ends one."""
        if moment.metrics and self._lines:
            if not self._begun:
                self._print(self._HEAD)
            self._begun = True
            m = moment.metrics
            self._print(
                f"{moment.epoch:5d}   {m['train_loss']:13.4f}  {m['train_accuracy']:8.2%}   "
                f"{m['valid_loss']:15.4f}  {m['valid_accuracy']:8.2%}"
            )

    def film(self, frames: int, of: int) -> None:
        """Show how many frames of the film are done."""
        if bar := self._shown_bar():
            bar.show_frames(frames, of)

    def _shown_bar(self) -> Bar | None:
        if self._has_bar and self._bar is None:
            self._bar = Bar(self._steps, stay=False, done=self._done)
        return self._bar

    def _print(self, text: str) -> None:
        with self._bar.aside() if self._bar is not None else nullcontext():
            try:
                print(text, file=sys.stderr if self._json else sys.stdout, flush=True)
            except BrokenPipeError:  # nobody reads any more; the files are wanted all the same
                self._lines = False
