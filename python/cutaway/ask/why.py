"""Why: what a network was shown, what it answers, and which pixels and hidden units spoke for that."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backend.contract import F32
from ..data.dataset import Dataset
from ..data.labels import check_numbered_alike
from ..learn.network import Network
from ..learn.rows import check_dataset
from ..look.inputs import signed, strong
from ..look.theme import THEMES
from ..look.why import LARGE, SMALL, Unit, page
from ..measure.evidence import activations, contributions, evidence, inputs, outspoken
from ..measure.projection import projected
from .given import BOUNDED, below, check_learned, names_of, network_asked, shape_of, unit_of
from .ink import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

_UNITS = 4  # for the answer, and as many against it
_SURE = 0.5  # of an output from 0 to 1


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A sample: what it is called, its inputs (features,), what was done to it, its class if known."""

    title: str
    x: F32
    done: str
    label: int | None = None


def why(
    network: Any,
    x: ArrayLike | str | os.PathLike[str],
    *,
    data: Dataset | None = None,
    theme: str = "light",
) -> Image:
    """Draw why a network answers as it does.

    What it was shown; its outputs; the evidence for its answer, which tells of each pixel how much its ink
    has raised the sum that the answer's output is made of, compared with blank paper (integrated
    gradients, as measure.evidence says); the evidence for the answer less that for the class that it is
    compared with, the right one if it is mistaken and that is known, else the second best; and the
    hidden units of the last layer that spoke loudest for either.

    Args:
        network: That has learned; or any model, as Network.from_model() takes it.
        x: The path of a picture file, or a single row or picture, as Network.predict() takes them; or the
            number of a sample of the data.
        data: For a sample's number.
        theme: "light" or "dark".

    Returns:
        An RGB image; its `.info["Description"]` tells in a sentence what is seen.

    Raises:
        TypeError, ValueError: if they do not fit together, if a file is no picture, or if the network
            diverged.
        IndexError: if the data have no such sample.
        OSError: if a file cannot be read.
    """
    network = network_asked("why", network, data)
    checks.choice("why", "theme", theme, tuple(THEMES))
    check_learned("why", network)
    asked = _ask(network, x, data)
    names, shape = names_of(network), shape_of(network)
    layers = activations(network, asked.x[np.newaxis])
    outputs, last = layers[-1][0], network.weights[-1]
    order = np.argsort(-outputs, kind="stable").tolist()
    answer, other = order[0], order[1]
    if asked.label is not None and asked.label != answer:
        other = asked.label
    columns = np.stack([last[:, answer], last[:, answer] - last[:, other]], axis=1)
    maps = evidence(network, asked.x, network.architecture.layers - 1, columns)
    limit = strong(maps)
    pictures = [signed(values, shape, LARGE, limit=limit, theme=theme) for values in maps]
    bounded = BOUNDED.get(network.architecture.activations[-1])
    sentence = _sentence(asked, names, outputs, answer, other, bounded)
    groups, told = _units(network, asked.x, layers, answer, other, theme)
    image = page(
        sentence, drawn(network, asked.x, LARGE, theme), asked.done, outputs.tolist(), names,
        [
            (pictures[0], f"Evidence for {names[answer]}",
             f"in sum {maps[0].sum():+.1f}\norange for it, blue against it"),
            (pictures[1], f"{names[answer]} and not {names[other]}",
             f"in sum {maps[1].sum():+.1f}\nfor the one, less for the other"),
        ],
        groups, note=_note(network), limit=bounded, theme=theme,
    )  # fmt: skip
    image.info["Description"] = "; ".join([sentence, *told])
    return image


def _ask(network: Network, x: object, data: Dataset | None) -> _Asked:
    """Return the sample that is meant."""
    if data is not None:
        check_dataset("why", data, network.architecture)
        check_numbered_alike("why", network.class_names, data.class_names)
        number = checks.count("why", "x", x, least=0)
        if number >= len(data):
            raise IndexError(f"why: x must be below {len(data)}, the samples, got {number}")
        some = data.subset([number])
        return _Asked(
            title=f"Sample {number}", x=inputs("why", network, some)[0], done="",
            label=int(some.labels[0]),
        )  # fmt: skip
    if isinstance(x, str | os.PathLike):
        pixels, done = network._read("why", x)
        return _Asked(
            title=checks.shown(Path(x).name, str),
            x=inputs("why", network, pixels)[0],
            done=done or "as it is",
        )
    rows = inputs("why", network, x)  # type: ignore[arg-type]
    if len(rows) != 1:
        raise ValueError(f"why: x must be a single row or picture, got {len(rows)}")
    checks.finite("why", "x", rows)
    return _Asked(title="It", x=rows[0], done="")


def _sentence(
    asked: _Asked, names: tuple[str, ...], outputs: F32, answer: int, other: int, bounded: float | None
) -> str:  # fmt: skip
    """Tell what the network says of a sample, and how sure it is."""
    best, next_ = f"{outputs[answer]:.3f}", f"{outputs[other]:.3f}"
    if asked.label is not None and asked.label != answer:
        return f"{asked.title} is {names[other]}, taken for {names[answer]}: {best} against {next_}"
    if bounded is not None and outputs[answer] < _SURE:
        says = f"is none clearly, most likely {names[answer]}: only {best}"
    else:
        says = f"is {names[answer]}: {best}"
    return f"{asked.title} {says}, {names[other]} has {next_}"


def _units(
    network: Network, x: F32, layers: list[F32], answer: int, other: int, theme: str
) -> tuple[list[tuple[str, list[Unit]]], list[str]]:
    """Return the units of the last hidden layer that spoke loudest, drawn and in words."""
    if network.architecture.layers == 1:
        return [], []
    names, shape, hidden = names_of(network), shape_of(network), network.architecture.layers - 2
    said = contributions(network, x[np.newaxis], [answer], [other])[0]
    weights, active = projected(network, hidden), layers[hidden][0]
    groups, told = [], []
    for which, chosen, sign in zip((answer, other), outspoken(said, _UNITS), (1, -1), strict=True):
        units = [
            Unit(
                picture=signed(weights[:, n], shape, SMALL, theme=theme),
                text=f"{below(unit_of(network, hidden, n))}\n"
                f"active {active[n]:.2f}\nsays {sign * said[n]:+.2f}",
            )
            for n in chosen.tolist()
            if sign * said[n] > 0
        ]
        groups.append((f"Spoke for {names[which]}", units))
        if units:
            loudest, says = unit_of(network, hidden, chosen[0]), sign * said[chosen[0]]
            told.append(f"{loudest} speaks loudest for {names[which]}, {says:+.2f}")
    return groups, told


def _note(network: Network) -> str:
    """Tell what evidence is, what units say, and what their pictures are."""
    deep = network.architecture.layers > 2
    what = "the ink on each pixel" if network.pixels else "each input"
    blank = "blank paper" if network.pixels else "zero"
    told = f"Evidence: how much {what} changed the sum behind an output, compared with {blank}."
    if network.architecture.layers == 1:
        return told
    return (
        f"{told}\nA unit says its activation times its weight for the one class less that for the other. "
        f"Its picture: {'a linear projection onto the inputs.' if deep else 'its weights.'}"
    )
