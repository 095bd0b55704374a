"""Pace: how fast a training changes goes in, the mini-batches that become a film's frames come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]
PACES = ("movement", "log", "batch")
_ONE_BY_ONE = 1000  # mini-batches whose logarithms are taken singly; then in stretches
_STRETCH = 1.01


def log_steps(last: int, frames: int) -> list[int]:
    """Return mini-batches at even distances on a logarithmic axis: most is learned at the beginning.

    Args:
        last: Mini-batches of the training.
        frames: How many are wanted.

    Returns:
        Their numbers, 1 for the first: as many as wanted, or all; the last one is among them.
    """
    more = max(0.0, np.log(last / _ONE_BY_ONE) / np.log(_STRETCH))
    later = np.geomspace(_ONE_BY_ONE, max(last, _ONE_BY_ONE), int(more) + 2)[1:].astype(int)
    ends = np.unique([*range(1, min(last, _ONE_BY_ONE) + 1), *later.clip(max=last), last])
    return _spread(ends, 1 / ends, frames)


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
    ends = np.asarray(steps)
    return _spread(ends[1:], np.asarray(distances, float) / np.diff(ends), frames)


def even_steps(last: int, frames: int) -> list[int]:
    """Return mini-batches at even distances; arguments and result as for log_steps()."""
    return _spread(np.array([last]), np.ones(1), frames)


def _spread(ends: NDArray[np.int64], speeds: F64, frames: int) -> list[int]:
    """Return numbers that are dense where the speed is high, but never denser than one by one.

    Args:
        ends: (n,): the last number of each stretch of constant speed.
        speeds: (n,): of the stretches. A number takes `min(1, c * speed)` frames, with the c that makes
            `frames` of all together.
        frames: How many are wanted.
    """
    last = int(ends[-1])
    if frames >= last:
        return list(range(1, last + 1))
    lengths = np.diff(ends, prepend=0)
    speeds = np.maximum(speeds, 1e-9 * speeds.max() or 1)  # what stands still is seen, too
    falling = np.argsort(-speeds)
    taken = lengths[falling].cumsum() - lengths[falling]  # by the faster ones, a frame each
    slower = (speeds * lengths)[falling][::-1].cumsum()[::-1]
    factors = (frames - taken) / slower
    full = int(np.argmax(factors * speeds[falling] <= 1))
    made = (np.minimum(factors[full] * speeds, 1) * lengths).cumsum()
    wanted = np.arange(1, frames) * (made[-1] / frames)
    places = np.interp(wanted, [0, *made], [0, *ends])
    return [*np.ceil(places - 1e-6).astype(int).tolist(), last]
