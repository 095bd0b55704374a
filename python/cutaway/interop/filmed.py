"""Filmed: the moments of a training, and its losses, go in; a film of its first layer comes out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np

from .. import checks
from ..learn.history import History, Moment
from ..look.codecs import codec_for
from ..look.film import Film
from ..look.frames import Frames
from ..look.theme import THEMES

_STRONG = 0.999  # quantile of |weights| that gets the strongest colour
_HOLD, _LEAST = 2, 10  # seconds: of the last frame, of a film
_FPS = 30, 10  # of a video, of an animation
_HEIGHTS = 900, 480  # pixels, at least, likewise: on a screen, in a page


def film(
    path: str | os.PathLike[str],
    moments: Sequence[Moment],
    history: History,
    *,
    fps: SupportsFloat | None,
    theme: str,
) -> Film:
    """Film a training, a frame per moment; arguments and errors are those of Recorder.film()."""
    checks.choice("film", "theme", theme, tuple(THEMES))
    animation = codec_for(checks.path("film", "path", path), None) != "h264"
    shown = [moment for moment in moments if moment.step]  # before the first there is no loss
    if not shown:
        raise ValueError("film: there must be at least 1 mini-batch, got 0")
    for moment in shown:
        checks.finite("film", "weights", moment.weights[0])
    checks.finite("film", "losses", np.array(history.losses))
    end, epochs = shown[-1].weights[0], history.epochs
    frames = Frames(
        end, shape=shown[-1].shape, steps=[moment.step for moment in shown], losses=history.losses,
        epoch=epochs[0]["step"] if epochs else shown[-1].step,
        limit=float(np.quantile(np.abs(end), _STRONG)) or 1.0, theme=theme,
        height=_HEIGHTS[animation], measured=any("valid_accuracy" in row for row in epochs),
    )  # fmt: skip
    if fps is None:
        usual = _FPS[animation]
        fps = max(1, min(usual, len(shown) // _LEAST))
    reel = Film(
        path, fps, scale=frames.scale, hold=_HOLD,
        description=f"the weights of {end.shape[1]} units of the first layer while they learn, from "
        f"mini-batch {shown[0].step:,} to {shown[-1].step:,} in {len(shown):,} frames",
    )  # fmt: skip
    with reel:
        for number, moment in enumerate(shown):
            reel.write(*frames.draw(number, moment.weights[0], *_accuracy(history, moment.step)))
    return reel


def _accuracy(history: History, step: int) -> tuple[float | None, int]:
    """Return the last validation accuracy up to a mini-batch, and after which it was measured."""
    known = [row for row in history.epochs if row["step"] <= step and "valid_accuracy" in row]
    return (known[-1]["valid_accuracy"], known[-1]["step"]) if known else (None, 0)
