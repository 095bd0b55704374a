"""Verdict: the numbers of a training go in, a sentence on how it went comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend.contract import I64

_LUCK = 3  # standard deviations above guessing that are no luck
_GAIN = 0.1  # of the mistakes that are left: what an epoch must take away to go on being worth it
_ILL = 0.25  # of the units: so many without a slope come of a rate that is too high
_WORSE = 1.05  # times the lowest validation loss


def verdict(
    counts: I64, epochs: Sequence[dict[str, Any]], conditions: Sequence[Sequence[str]], lr: float
) -> str:
    """Tell in a sentence how a training went.

    Args:
        counts: (classes, classes), as confusion() returns of a test set.
        epochs: As History has them.
        conditions: Of the hidden units, as neurons.conditions() returns.
        lr: The learning rate.

    Returns:
        Whether it learned, what is wrong if it did not, and what to try.
    """
    samples = int(counts.sum())
    accuracy = int(counts.trace()) / samples
    guess = int(counts.sum(axis=1).max()) / samples  # always the most frequent class
    luck = _LUCK * math.sqrt(guess * (1 - guess) / samples)
    ill = [word for layer in conditions for word in layer if word]
    units = sum(map(len, conditions))
    told = [f"{ill.count(word)} {word}" for word in ("dead", "saturated") if word in ill]
    state = f"{' and '.join(told)} of {units} hidden units" if told else ""
    halfway = (1 + guess) / 2
    sick = units > 0 and len(ill) >= _ILL * units and accuracy < halfway
    if sick or accuracy <= guess + luck:
        remedy = f"smaller rate, {lr / 10:.2g}" if sick else "larger rate, or more epochs"
        return (
            f"{'no' if accuracy <= guess + luck else 'hardly'} better than guessing, {accuracy:.2%} "
            f"right where one class for all has {guess:.2%}"
            f"{f', with {state}' if state else ''}; try a {remedy}"
        )
    rest = [words for words in (_trend(epochs), state) if words]
    return ", ".join([f"learned, {accuracy:.2%} right", *rest])


def _trend(epochs: Sequence[dict[str, Any]]) -> str:
    """Tell what the last epochs say of more of them; nothing if little."""
    if len(epochs) < 2 or "valid_accuracy" not in epochs[-1]:
        return ""
    before, last = (1 - epoch["valid_accuracy"] for epoch in epochs[-2:])
    lowest = min(epoch["valid_loss"] for epoch in epochs)
    if epochs[-1]["valid_loss"] > _WORSE * lowest:
        best = min(epochs, key=lambda epoch: epoch["valid_loss"])["epoch"]
        return f"overfitted since epoch {best}"
    return "and still improving: more epochs would help" if before - last > _GAIN * before else ""
