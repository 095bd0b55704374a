"""Others' models go in; Networks that compute the same come out, and go on learning here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import checks
from ..backend.contract import OUTPUTS
from ..foreign.objects import held
from ..foreign.read import read
from ..foreign.tensors import is_own
from ..foreign.weights import Weights
from .network import Network

# By output; of others it is squares.
_LOSSES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


def network_of(
    who: str,
    model: Any,
    *,
    activation: str | Sequence[str] | None = None,
    output: str | None = None,
    loss: str | None = None,
    mean: float | None = None,
    std: float | None = None,
    layout: str | None = None,
    backend: str = "auto",
    threads: int | None = None,
) -> Network:
    """Return a network that computes what a model does; arguments and errors as of Network.from_model().

    `who` begins the sentence of an error.
    """
    if isinstance(model, str | os.PathLike) and is_own(checks.path(who, "model", model)):
        from .checkpoint import load

        model = load(model, backend="cpu")
    model = held(who, "model", model)
    found = read(who, model, layout)
    if not isinstance(model, Network):
        found = _with_two_classes(found)
    named = output is not None and (activation is not None or len(found.weights) == 1)
    *hidden, last = found.activations or ("",) if named else _known(who, found)
    output = last if output is None else checks.choice(who, "output", output, OUTPUTS)
    own = model.architecture if isinstance(model, Network) else None
    fitting = own.loss if own and output == last else _LOSSES.get(output, "squared_error")
    network = Network(
        found.sizes, activation=hidden if activation is None else activation, output=output,
        loss=fitting if loss is None else loss, reduction=own.reduction if own else "mean",
        backend=backend, threads=threads,
    )  # fmt: skip
    for layer, (weight, bias) in enumerate(zip(found.weights, found.biases, strict=True)):
        values = np.vstack([bias, weight])
        checks.finite(who, found.names[layer], values)
        network.set_weights(layer, values)
    network._of_others = not isinstance(model, Network) or model._of_others
    network.shape, network.class_names = found.shape, found.class_names
    network.mean, network.std = found.mean, found.std
    network.pixels = None if found.mean is None else True
    if isinstance(model, Network):
        network.mean, network.std = model.mean, model.std
        network.pixels, network.whole = model.pixels, model.whole
    if mean is not None or std is not None:
        network.mean = checks.real(who, "mean", mean)
        network.std = checks.real(who, "std", std, "above 0", low=0, above=True)
        network.pixels = True
    return network


def _with_two_classes(found: Weights) -> Weights:
    """Return a classifier whose one output tells two classes apart with an output for each.

    The softmax of minus half a sum and half of it is the sum's sigmoid, and 1 less that.
    """
    if found.sizes[-1] != 1 or len(found.class_names or ()) != 2 or found.activations is None:
        return found
    weight, bias = found.weights[-1] / 2, found.biases[-1] / 2
    return replace(
        found, weights=(*found.weights[:-1], np.hstack([-weight, weight])),
        biases=(*found.biases[:-1], np.hstack([-bias, bias])),
        activations=(*found.activations[:-1], "softmax"),
    )  # fmt: skip


def _known(who: str, found: Weights) -> tuple[str, ...]:
    """Return a model's activations.

    Raises:
        ValueError: if they are unknown: what it would say is, too.
    """
    if found.activations is None:
        raise ValueError(
            f"{who}: the model draws, but cannot predict: its activations are unknown "
            f"({found.unknown}); name them: activation and output of Network.from_model, "
            "or --activations"
        )
    return found.activations
