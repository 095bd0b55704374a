"""Poster: the moments of a training go in; what some neurons became, moment after moment, comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F32
from ..learn.history import Moment
from ..look.poster import PAPERS, draw
from ..look.theme import THEMES
from ..measure.order import movers, votes
from .given import check_moments, check_names, check_units, looks

if TYPE_CHECKING:
    from PIL.Image import Image


def poster(
    moments: Iterable[Moment],
    *,
    neurons: ArrayLike | None = None,
    columns: int | None = None,
    paper: str = "16:9",
    class_names: Sequence[str] | None = None,
    theme: str = "light",
) -> Image:
    """Draw a training as a page: a row per neuron, a column per moment, one scale of colours for all.

    Args:
        moments: Of one training, from its start to its end, as train() yields them.
        neurons: Numbers of units of the first layer, a row each; None for those that moved farthest,
            spread over the classes that they speak for.
        columns: How many moments, at most: those nearest to 0, 1, 2, 5, 10, 20, 50, ... mini-batches
            (or 0, 1, 2, 3, 5, 7, 10, 15, ... if there is room) and the last; None for as many as the
            paper has room for.
        paper: "16:9", or "a4" upright, at 150 pixels an inch.
        class_names: Of the classes; None for their numbers.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for arguments that make no poster; fewer than two moments.
        IndexError: if there is no such neuron.
    """
    who = "poster"
    sheet = PAPERS[checks.choice(who, "paper", paper, tuple(PAPERS))]
    checks.choice(who, "theme", theme, tuple(THEMES))
    kept = check_moments(who, moments, least=2)
    last = kept[-1].weights
    units, names = last[0].shape[1], check_names(who, class_names, last[-1].shape[1])
    most = sheet.columns
    if columns is not None:
        most = checks.count(who, "columns", columns, 2, sheet.most[1])
    chosen = movers(kept[0].weights, last, sheet.rows).tolist()
    if neurons is not None:
        chosen = check_units(who, "neurons", neurons, units, sheet.most[0])
    shown = looks(kept, most)
    sides = _sides(last, chosen, names)
    row = "neuron and the class it speaks for" if len(last) > 1 else "class"
    what, end = _what(last, len(chosen)), _end(kept[-1])
    image = draw(
        np.stack([[moment.weights[0][:, unit] for moment in shown] for unit in chosen]),
        shape=kept[-1].shape, heads=[f"{m.step:,}\n{_state(m)}" for m in shown], names=sides,
        title=f"What {what} learned", note=end, paper=paper, theme=theme,
        legend=f"a row is a {row}, a column so many mini-batches learned",
    )  # fmt: skip
    image.info["Description"] = (
        f"poster of {what}, a row each: {', '.join(side.replace(chr(10), ' ') for side in sides)}; "
        f"a column each after {', '.join(str(m.step) for m in shown)} mini-batches; {end}; "
        f"{image.info['Description']}"
    )
    return image


def _accuracy(moment: Moment) -> str:
    share = moment.metrics.get("valid_accuracy")
    return "" if share is None else f"{share:.2%}"


def _state(moment: Moment) -> str:
    """Return how good a moment is, or else when it was."""
    return _accuracy(moment) or (f"epoch {moment.epoch}" if moment.step else "start")


def _end(moment: Moment) -> str:
    """Tell how a training ended."""
    accuracy = _accuracy(moment)
    right = f", {accuracy} of the validation set right" if accuracy else ""
    return f"{moment.step:,} mini-batches{right}"


def _what(weights: Sequence[F32], rows: int) -> str:
    """Tell of what there are rows, and of how many."""
    total, kind = weights[0].shape[1], "neurons" if len(weights) > 1 else "classes"
    sizes = "-".join(str(n) for n in (len(weights[0]), *(w.shape[1] for w in weights)))
    return f"{rows if rows < total else 'all'} of {total} {kind} of {sizes}"


def _sides(weights: Sequence[F32], units: Sequence[int], names: Sequence[str]) -> list[str]:
    """Return what stands left of each unit: its number and its class; of the only layer, its class."""
    if len(weights) == 1:
        return [names[unit] for unit in units]
    classes = votes(weights, 0).argmax(axis=1)
    return [f"{unit}\nfor {names[classes[unit]]}" for unit in units]
