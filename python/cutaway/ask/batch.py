"""Batch: what a mini-batch teaches a network: its samples, and what they add to the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.optimizer import Optimizer
from ..data.dataset import Dataset
from ..learn.rows import check_dataset
from ..look.batch import batch_picture
from ..look.theme import THEMES
from ..measure.order import votes
from ..measure.update import moved_most, taught
from .given import check_finite, names_of, network_asked
from .ink import ink_of

if TYPE_CHECKING:
    from PIL.Image import Image

_SAMPLES, _FEWER = 64, 25  # that are drawn; where names are longer than a letter
_MOST = 7  # units
_SHORT = 1
_HOW_TO_READ = (
    "the units that moved most, what they speak for, and how far they moved of their own length"
)


def batch(
    network: Any,
    data: Dataset,
    numbers: ArrayLike,
    *,
    optimizer: Optimizer,
    rate: float | None = None,
    title: str = "This mini-batch",
    theme: str = "light",
) -> Image:
    """Draw what a mini-batch teaches a network: its samples, and what they add to the weights.

    Args:
        network: As it is just before; it stays so, for a copy learns. Or any model, as
            Network.from_model() takes it.
        data: The training set.
        numbers: Of the mini-batch's samples in it.
        optimizer: That learns; what it remembers is the network's.
        rate: Instead of the optimizer's lr.
        title: Names the mini-batch.
        theme: "light" or "dark".

    Returns:
        An RGB image: the samples (64 at most) with their classes and wrong answers to them; what is
        added to each unit's weights, of plain SGD minus rate times gradient; and the units that move
        most, before and after. Units are those of the first layer.
        `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: for arguments that do not fit.
        IndexError: if there is no such sample.
    """
    checks.choice("batch", "theme", theme, tuple(THEMES))
    (title,) = checks.texts("batch", "title", [title])
    network = network_asked("batch", network, data)
    check_finite("batch", network)
    check_dataset("batch", data, network.architecture)
    order = checks.integers("batch", "numbers", numbers)
    found = taught(network, data, order, optimizer, rate)
    names = names_of(found.network)
    short = max(map(len, names)) <= _SHORT
    shown = order[: _SAMPLES if short else _FEWER]
    apart = " " if short else "\n"
    captions = [
        names[label] if label == answer else f"{names[label]}{apart}said {names[answer]}"
        for label, answer in zip(data.labels[shown], found.answers, strict=False)
    ]
    before, update = network.get_weights(0)[1:], found.update[0][1:]
    most = moved_most(update, _MOST)
    favourites = votes(network.weights, 0).argmax(axis=1)
    hidden = network.architecture.layers > 1
    called = [f"{n} for {names[favourites[n]]}" if hidden else names[n] for n in most]
    far = np.linalg.norm(update, axis=0) / np.linalg.norm(before, axis=0).clip(1e-30)
    was, now = found.losses
    told = f"{title}: its loss per sample was {was:.3g}, and is {now:.3g} after it"
    right, after = found.right
    note = f"{right} of its {len(order)} samples were right before it, {after} are after it"
    which = f"{'all' if len(shown) == len(order) else 'the first'} {len(shown)}, and wrong answers before"
    image = batch_picture(
        ink_of(data, data.images[shown]), captions, before, update, most.tolist(),
        called, [f"by {100 * far[n]:.1f} %" for n in most],
        shape=data.shape, title=told,
        notes=(note, which, _HOW_TO_READ),
        theme=theme,
    )  # fmt: skip
    image.info["Description"] = f"{told}; {note}; the units that moved most: {', '.join(called)}"
    return image
