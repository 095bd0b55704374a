"""First: what a network recognises first as it learns, and what it learned and lost again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..backend.contract import I64
from ..data.dataset import Dataset
from ..learn.history import Moment
from ..learn.rows import check_dataset
from ..look.first import MOST, first_picture
from ..look.theme import THEMES
from ..measure.learning import Lost, answers_at, class_curves, lost, recognised_from
from .given import check_finite, check_moments, names_of, network_asked
from .ink import ink_of

if TYPE_CHECKING:
    from PIL.Image import Image

_RECOGNISED = "recognised: said of its own more often than of others, by half"
_HOW_TO_READ = (
    "the longest right first: what it is, what is said at the end, and from which mini-batch to which it "
    "was right"
)
_LEARNED = 5  # moments in a row
_SHOWN = 16  # samples that were lost
_SHORT = 4  # letters of two names that have room on a line


def first(network: Any, moments: Sequence[Moment], data: Dataset, *, theme: str = "light") -> Image:
    """Draw which classes a network recognised first as it learned, and what it learned and lost again.

    Args:
        network: Whose moments they are; it stays as it is.
        moments: Of its training, at least 2, as train() yields them: many at the beginning, where most
            is learned.
        data: Samples that it is asked about, those of a test set best.
        theme: "light" or "dark".

    Returns:
        An RGB image: a line per class, over mini-batches on a logarithmic axis, and samples that were
        wrong at first, right for at least 5 moments in a row, and are wrong at the end.
        `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError: if there is no Network, no list of Moments or no Dataset.
        ValueError: if there are fewer than 2 moments, or they are not this network's.
    """
    checks.choice("first", "theme", theme, tuple(THEMES))
    network = network_asked("first", network, data)
    check_finite("first", network)
    check_dataset("first", data, network.architecture)
    kept = check_moments("first", moments, network=network, least=2)
    moments = sorted(kept, key=lambda moment: moment.step)
    names, steps = names_of(network), [moment.step for moment in moments]
    answers = answers_at(network, moments, data)
    right = answers == data.labels
    curves, wrong = class_curves(answers, data.labels, len(names))
    there = np.flatnonzero(np.isfinite(curves[-1]))
    known = recognised_from(curves, wrong)
    order = there[np.lexsort((-curves[:, there].mean(axis=0), known[there]))]
    again = lost(right, min(_LEARNED, len(moments) - 1))
    shown = again.numbers[:_SHOWN]
    title, note = _who_is_first(names, order, known, steps)
    were = "was" if len(again.numbers) == 1 else "were"
    forgotten = f"{len(again.numbers):,} of {len(data):,} samples {were} learned and lost again"
    image = first_picture(
        steps, curves, names, order.tolist(), ink_of(data, data.images[shown]),
        _captions(again, names, steps, data.labels, answers[-1]), titles=(title, forgotten),
        notes=(f"{note}; {_coloured(len(order))}; {_RECOGNISED}", _HOW_TO_READ),
        theme=theme,
    )  # fmt: skip
    image.info["Description"] = f"{title}: {note}; {forgotten}"
    return image


def _who_is_first(
    names: Sequence[str], order: I64, known: I64, steps: Sequence[int]
) -> tuple[str, str]:
    """Tell which class is recognised first and which last, and from when on."""
    early, late = int(order[0]), int(order[-1])
    if known[early] == len(steps):
        return "No class is recognised", "none at the end"

    def since(number: int) -> str:
        if known[number] == len(steps):
            return f"{names[number]} not even at the end"
        step = steps[known[number]]
        return f"{names[number]} from {f'mini-batch {step:,}' if step else 'the start'} on"

    if early == late:
        return f"{names[early]} is recognised", since(early)
    return (
        f"{names[early]} is recognised first, {names[late]} last",
        f"{since(early)}, {since(late)}",
    )


def _captions(
    again: Lost, names: Sequence[str], steps: Sequence[int], labels: I64, answers: I64
) -> list[str]:
    """Tell of samples that were lost what they are, what is said at the end, and when they were right."""
    apart = ", " if max(map(len, names)) <= _SHORT else "\n"
    return [
        f"{names[labels[n]]}{apart}now {names[answers[n]]}\n"
        f"{steps[begin]:,} \N{EN DASH} {steps[end - 1]:,}"
        for n, begin, end in zip(*(part[:_SHOWN] for part in again), strict=True)
    ]


def _coloured(classes: int) -> str:
    """Tell what the colours of so many lines mean."""
    gray = f", of the first and the last {MOST // 2}" * (classes > MOST)
    return f"blue is early, orange late{gray}"
