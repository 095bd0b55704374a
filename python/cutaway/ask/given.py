"""Given: what a question is asked of, checked: network, moments, units, names; which moments tell most."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..data.dataset import Dataset
from ..errors import warn
from ..foreign.objects import is_recorder
from ..foreign.read import is_model
from ..job.kept import ROUND
from ..job.result import names_of_classes
from ..learn.history import Moment
from ..learn.network import Network
from ..learn.others import network_of
from ..look.tiles import tile_shape

BOUNDED = {"sigmoid": 1.0, "softmax": 1.0, "tanh": 1.0}  # the largest output there can be
_ROUND = [0, *ROUND]  # mini-batches
_FINE = sorted({*_ROUND, *(n * 10**k // 10 for k in range(13) for n in (15, 30, 70))})


def network_asked(who: str, model: Any, data: object = None) -> Network:
    """Return the network that is asked: itself, or one that computes what another library's model does.

    Args:
        who: Begins the sentence of an error.
        model: As for Network.from_model().
        data: Of which it is asked. A model that does not say how pixels became numbers takes their mean
            and std; one that does not say what its classes are called, their names.

    Raises:
        TypeError, ValueError, OSError: as Network.from_model().

    Warns:
        UserWarning: if pixels are normalised as it may not have learned them.
    """
    if not is_model(model):
        got = type(model).__name__
        raise TypeError(f"{who}: network must be a Network or another library's model, got {got}")
    network = model if isinstance(model, Network) else network_of(who, model, backend="cpu")
    if not (network._of_others and isinstance(data, Dataset)):
        return network
    network = deepcopy(network)
    network.shape = network.shape or data.shape
    network.class_names = network.class_names or data.class_names
    if network.mean is not None:
        return network
    network.mean, network.std = data.normalisation
    network.pixels = data.pixels
    if data.pixels:
        warn(
            f"{who}: the model does not say how pixels became numbers as it learned; they are taken as "
            f"(pixel - {data.mean:.4g}) / {data.std:.4g}, the data's own; if it was otherwise, say it: "
            "mean and std of Network.from_model, or --normalise"
        )
    return network


def check_finite(who: str, network: Network) -> None:
    """Check that a network can be drawn.

    Raises:
        ValueError: if it diverged.
    """
    arrays = (*network.weights, *network.biases)
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(f"{who}: network must have finite weights, got one that diverged")


def check_learned(who: str, network: Network) -> None:
    """Check that a network can be drawn, and has something to decide.

    Raises:
        ValueError: if it diverged, or has one class.
    """
    if network.architecture.sizes[-1] < 2:
        raise ValueError(f"{who}: network must have at least 2 classes, got 1")
    check_finite(who, network)


def names_of(network: Network) -> tuple[str, ...]:
    """Return a name for every class, on a line: its number where it has none."""
    return tuple(" ".join(name.split()) for name in names_of_classes(network))


def shape_of(network: Network) -> tuple[int, int]:
    """Return (height, width) of its inputs, (1, features) if they are no pictures."""
    return tile_shape(
        "ask", np.empty((network.architecture.sizes[0], 1), np.float32), network.shape
    )


def unit_of(network: Network, layer: int, number: int) -> str:
    """Return what a hidden unit is called: with its layer, from 0, if there are several."""
    return f"neuron {number}" + f", layer {layer}" * (network.architecture.layers > 2)


def below(unit: str) -> str:
    """Return what a unit is called as it is written below its narrow picture: its layer on a line."""
    return unit.replace(", ", "\n")


def check_moments(
    who: str,
    value: object,
    *,
    network: Network | None = None,
    least: int = 0,
    finite: bool = True,
) -> list[Moment]:
    """Return the Moments of one training, from a list or a generator of them.

    Args:
        who: Begins the sentence of an error.
        value: What was given.
        network: Whose they must be; None for any.
        least: How many there must be.
        finite: Whether weights must be.

    Raises:
        TypeError: if they are none.
        ValueError: if they are too few, of networks of different sizes, or of one that diverged.
    """
    try:
        moments = list(iter(value))  # type: ignore[call-overload]
    except TypeError:
        moments = [None]
    if not all(isinstance(moment, Moment) for moment in moments):
        raise TypeError(f"{who}: moments must be a list of Moments, got {checks.shown(value)}")
    if len(moments) < least:
        raise ValueError(
            f"{who}: moments must be at least {least}, got {len(moments)}; cutaway train keeps them in "
            "its folder"
        )
    sizes = {_sizes(moment) for moment in moments}
    if len(sizes) > 1:
        raise ValueError(
            f"{who}: moments must be of one training, got networks {', '.join(sorted(sizes))}"
        )
    wanted = network and "-".join(map(str, network.architecture.sizes))
    if wanted and sizes - {wanted}:
        raise ValueError(f"{who}: moments must be of a network {wanted}, got one of {sizes.pop()}")
    if finite and not all(np.isfinite(w).all() for m in moments for w in (*m.weights, *m.biases)):
        raise ValueError(f"{who}: moments must have finite weights, got some that diverged")
    return moments


def past_of(network: Any, moments: Any) -> Any:
    """Return the moments that were given; if none were, those of a Recorder that is itself asked."""
    if moments is None:
        return network if is_recorder(network) else ()
    return moments


def _sizes(moment: Moment) -> str:
    return "-".join(map(str, (*(len(w) for w in moment.weights), len(moment.biases[-1]))))


def check_unit(who: str, name: str, value: object, units: int) -> int:
    """Return the number of a unit.

    Raises:
        TypeError: if it is no integer.
        IndexError: if there is no such unit.
    """
    try:
        return checks.count(who, name, value, 0, units - 1)
    except ValueError as error:
        raise IndexError(str(error)) from None


def check_units(who: str, name: str, value: ArrayLike, units: int, most: int) -> list[int]:
    """Return numbers of units, from one to `most`; errors as of check_unit()."""
    numbers = checks.integers(who, name, value).tolist()
    if not 1 <= len(numbers) <= most:
        raise ValueError(f"{who}: {name} must be 1 to {most} numbers, got {len(numbers)}")
    return [check_unit(who, name, number, units) for number in numbers]


def check_names(who: str, value: Sequence[str] | None, classes: int) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers for None."""
    if value is None:
        return tuple(map(str, range(classes)))
    names = checks.texts(who, "class_names", value)
    if len(names) != classes:
        raise ValueError(f"{who}: class_names must be one per class ({classes}), got {len(names)}")
    return names


def looks(moments: Sequence[Moment], most: int) -> list[Moment]:
    """Return the moments nearest to round numbers of mini-batches, the first and the last among them.

    Args:
        moments: From the start of a training to its end.
        most: How many are wanted: of 0, 1, 2, 3, 5, 7, 10, 15, ..., if there is room, or else of
            0, 1, 2, 5, 10, 20, ..., evenly.
    """
    if not moments:
        return []
    steps = np.array([moment.step for moment in moments])
    for wanted in (_FINE, _ROUND):
        near = {int(np.abs(steps - n).argmin()) for n in wanted if n < steps[-1]}
        numbers = sorted({0, *near, len(moments) - 1})
        if len(numbers) <= most:
            break
    places = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int)
    return [moments[numbers[place]] for place in places]
