"""Pace: how fast a training changes goes in, the mini-batches that become a film's frames come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

I64 = NDArray[np.int64]


def log_steps(last: int, frames: int) -> list[int]:
    """Return mini-batches at even distances on a logarithmic axis: most is learned at the beginning.

    Args:
        last: Mini-batches of the training.
        frames: How many are wanted.

    Returns:
        Their numbers, 1 for the first: as many as wanted, or all; the last one is among them.
    """
    return _spread(1 / np.arange(1, last + 1), frames)


def movement_steps(steps: ArrayLike, distances: ArrayLike, frames: int) -> list[int]:
    """Return mini-batches between which the weights moved about equally far.

    A hundred looks show where the weights go; from one mini-batch to the next they mostly tremble.

    Args:
        steps: (n,): mini-batches learned when the weights were looked at, 0 for the start and all
            for the last.
        distances: (n - 1,): how far they moved from each look to the next.
        frames: How many are wanted.

    Returns:
        As log_steps().
    """
    lengths = np.diff(np.asarray(steps))
    return _spread(np.repeat(np.asarray(distances, float) / lengths, lengths), frames)


def _spread(speeds: NDArray[np.float64], frames: int) -> list[int]:
    """Return numbers that are dense where the speed is high, but never denser than one by one.

    Number i takes `min(1, c * speeds[i])` frames, with the c that makes `frames` of all together.
    """
    if frames >= len(speeds):
        return list(range(1, len(speeds) + 1))
    speeds = np.maximum(speeds, 1e-9 * speeds.max(initial=0) or 1)  # what stands still is seen, too
    falling = np.sort(speeds)[::-1]
    rest = falling[::-1].cumsum()[::-1]  # of speeds from each on
    factors = (frames - np.arange(frames)) / rest[:frames]
    full = int(np.argmax(factors * falling[:frames] <= 1))  # so many have a frame each
    made = np.minimum(factors[full] * speeds, 1).cumsum()
    wanted = np.arange(1, frames + 1) * (made[-1] / frames) - 1e-6  # of a frame: rounding
    return [*(np.searchsorted(made, wanted) + 1)[:-1].tolist(), len(speeds)]
