"""Race: the moments of several trainings go in; what each learned, side by side, comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..learn.history import Moment
from ..look.board import MOST, Entry
from ..look.race import summary
from ..look.theme import THEMES
from .given import check_moments

if TYPE_CHECKING:
    from PIL.Image import Image

_WHO = "race"
_LONGEST = 200  # characters of a name, and of a note


def race(
    trainings: Mapping[str, Iterable[Moment]],
    *,
    notes: Mapping[str, str] | None = None,
    theme: str = "light",
) -> Image:
    """Draw several trainings side by side: their first units, and their losses and accuracies over time.

    `race({f"lr {lr}": train(network(), loader, optimizer=SGD(lr), valid=valid) for lr in (0.005, 0.05)})`

    Args:
        trainings: By a short name of each, the Moments from its start to its end, as train() yields
            them; from 1 to 6.
        notes: By such names, what is told below their tiles: that one failed, say.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for arguments that make no race; inputs of different numbers or shapes.
    """
    checks.choice(_WHO, "theme", theme, tuple(THEMES))
    named = _named("trainings", trainings)
    if not 1 <= len(named) <= MOST:
        raise ValueError(f"{_WHO}: trainings must be from 1 to {MOST}, got {len(named)}")
    told = {} if notes is None else _named("notes", notes)
    for name in told:
        checks.choice(_WHO, "a name in notes", name, tuple(named))
        checks.line(_WHO, "a note", told[name], _LONGEST)
    moments = {name: check_moments(_WHO, value, finite=False) for name, value in named.items()}
    entries = [_entry(name, some, told.get(name, "")) for name, some in moments.items()]
    inputs = {(len(some[-1].weights[0]), some[-1].shape) for some in moments.values()}
    if len(inputs) > 1:
        got = checks.shown([fan_in if shape is None else shape for fan_in, shape in inputs])
        raise ValueError(f"{_WHO}: trainings must be of inputs of one shape, got {got}")
    return summary(entries, shape=inputs.pop()[1], theme=theme)


def _named(what: str, value: object) -> dict[str, Any]:
    """Return a mapping of lines of text to something."""
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{_WHO}: {what} must be a dict with a name of each, got {checks.shown(value)}"
        )
    return {
        checks.line(_WHO, f"a name in {what}", name, _LONGEST): it for name, it in value.items()
    }


def _entry(name: str, moments: list[Moment], note: str) -> Entry:
    """Return what is shown of a training."""
    if not moments:
        raise ValueError(f"{_WHO}: moments must be at least 1 of {checks.shown(name)}, got 0")
    losses = np.concatenate([np.asarray(moment.sample_losses, float) for moment in moments])
    checks.finite(_WHO, "losses", losses)
    if losses.size not in (0, moments[-1].step):
        raise ValueError(
            f"{_WHO}: moments must be all of a training, got {losses.size} losses of "
            f"{moments[-1].step} mini-batches of {checks.shown(name)}"
        )
    layers = [moment.weights[0] for moment in moments if np.isfinite(moment.weights[0]).all()]
    known = "valid_accuracy"
    return Entry(
        name=name, layer=layers[-1] if layers else np.zeros_like(moments[-1].weights[0]),
        losses=losses.tolist(), note=note,
        accuracies={m.step: m.metrics[known] for m in moments if known in m.metrics},
    )  # fmt: skip
