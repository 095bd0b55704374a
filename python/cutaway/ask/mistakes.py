"""Mistakes: what a network takes for what, its worst mistakes, and what it saw in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..backend.contract import F32, I64
from ..data.dataset import Dataset
from ..data.labels import check_numbered_alike
from ..learn.network import Network
from ..learn.rows import check_dataset
from ..look.confusion import how_to_read, table
from ..look.inputs import signed
from ..look.mistakes import LARGE, SMALL, Reason, Sample, page
from ..look.theme import THEMES
from ..measure.evidence import contributions, evidence, inputs, outspoken
from ..measure.mistakes import Wrong, class_accuracy, confusion, most_confident
from .given import BOUNDED, below, check_learned, names_of, network_asked, shape_of, unit_of
from .ink import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

_WALL, _TOLD = 18, 3  # samples


def mistakes(network: Any, data: Dataset, *, theme: str = "light") -> Image:
    """Draw what a network takes for what, its most confident mistakes, and what it saw in the worst.

    For each of the worst, the hidden unit of the last layer that spoke loudest for the answer and the
    one that spoke loudest for the right class, and which ink made each speak, as measure.evidence tells.

    Args:
        network: That has learned; or any model, as Network.from_model() takes it.
        data: With labels; a test set.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: if they do not fit together, or the network diverged.
    """
    network = network_asked("mistakes", network, data)
    check_dataset("mistakes", data, network.architecture)
    check_numbered_alike("mistakes", network.class_names, data.class_names)
    checks.choice("mistakes", "theme", theme, tuple(THEMES))
    check_learned("mistakes", network)
    counts, names = confusion(network, data), names_of(network)
    wrong = most_confident(network, data, _WALL)
    x = _rows(network, data, wrong)
    right, samples = int(counts.trace()), int(counts.sum())
    image = page(
        f"{samples - right:,} of {samples:,} samples are not recognised ({1 - right / samples:.2%})",
        table(counts, class_accuracy(counts).tolist(), names, theme=theme),
        how_to_read(len(names)),
        _wall(network, x, wrong, theme), _reasons(network, x[:_TOLD], wrong, theme),
        note=_note(network),
        limit=BOUNDED.get(network.architecture.activations[-1]), theme=theme,
    )  # fmt: skip
    image.info["Description"] = _sentence(counts, names, wrong)
    return image


def _rows(network: Network, data: Dataset, wrong: Wrong) -> F32:
    """Return the inputs of samples that were not recognised: (n, features)."""
    if not len(wrong.numbers):
        return np.empty((0, network.architecture.sizes[0]), np.float32)
    return inputs("mistakes", network, data.subset(wrong.numbers))


def _wall(network: Network, x: F32, wrong: Wrong, theme: str) -> list[Sample]:
    """Return samples x (n, features) drawn, with what they are and the best guesses."""
    names = names_of(network)
    return [
        Sample(
            picture=drawn(network, row, SMALL, theme), title=f"no. {number}: {names[label]}",
            guesses=[names[n] for n in classes], outputs=outputs.tolist(),
        )
        for row, number, label, classes, outputs in zip(
            x, wrong.numbers, wrong.labels, wrong.classes, wrong.outputs, strict=True
        )
    ]  # fmt: skip


def _reasons(network: Network, x: F32, wrong: Wrong, theme: str) -> list[Reason]:
    """Return what spoke for the answer, and what for the class, of samples x (n, features)."""
    names, shape = names_of(network), shape_of(network)
    hidden = network.architecture.layers - 2  # the last hidden layer; -1 if there is none
    answers, labels = wrong.classes[: len(x), 0], wrong.labels[: len(x)]
    said = contributions(network, x, answers, labels)
    reasons = []
    for row, (answer, label) in enumerate(zip(answers.tolist(), labels.tolist(), strict=True)):
        if hidden < 0:
            columns, who = network.weights[0][:, [answer, label]], ("", "")
        else:
            (plus,), (minus,) = outspoken(said[row], 1)
            columns = network.weights[hidden][:, [plus, minus]]
            who = (
                f"{below(unit_of(network, hidden, plus))}: {said[row, plus]:+.1f}",
                f"{below(unit_of(network, hidden, minus))}: {-said[row, minus]:+.1f}",
            )
        pictures = [
            signed(values, shape, LARGE, theme=theme)
            for values in evidence(network, x[row], max(hidden, 0), columns)
        ]
        reasons.append(
            Reason(
                pictures=[drawn(network, x[row], LARGE, theme), *pictures],
                texts=[
                    f"{names[label]}\nno. {wrong.numbers[row]}",
                    f"for {names[answer]}\n{who[0]}",
                    f"for {names[label]}\n{who[1]}",
                ],
            )
        )
    return reasons


def _note(network: Network) -> str:
    """Tell how to read what spoke for a class."""
    what = "ink" if network.pixels else "inputs"
    if network.architecture.layers == 1:
        return f"orange {what} spoke for the class,\nblue {what} against it"
    return (
        f"the hidden units that spoke loudest for each: orange\n{what} made them speak, blue {what} "
        "kept them from it"
    )


def _sentence(counts: I64, names: tuple[str, ...], wrong: Wrong) -> str:
    """Tell of mistakes in numbers."""
    right, samples = int(counts.trace()), int(counts.sum())
    told = f"{right:,} of {samples:,} samples recognised, {right / samples:.2%}"
    if right == samples:
        return f"{told}: no mistakes"
    others = counts - np.diag(counts.diagonal())
    row, column = np.unravel_index(others.argmax(), others.shape)
    accuracies = class_accuracy(counts)
    worst, most = int(np.nanargmin(accuracies)), int(others.max())
    return (
        f"{told}; {names[worst]} least often, {accuracies[worst]:.2%}; {names[row]} is taken for "
        f"{names[column]} most often, {f'{most:,} times' if most > 1 else 'once'}; most confidently sample "
        f"{wrong.numbers[0]}, which is {names[wrong.labels[0]]} and is taken for "
        f"{names[wrong.classes[0, 0]]} with {wrong.outputs[0, 0]:.3f}"
    )
