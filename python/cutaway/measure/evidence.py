"""Evidence: a network and a sample go in; what its pixels and hidden units said for an answer comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..backend.contract import F32, I64
from ..data.dataset import Dataset, normalise
from ..learn.network import Network
from ..learn.rows import Rows, spread_as_bytes

_STEPS = 64  # from blank paper to the sample
_SLOPES: dict[str, Any] = {  # of the outputs
    "sigmoid": lambda out: out * (1 - out),
    "tanh": lambda out: 1 - out * out,
    "relu": lambda out: (out > 0).astype(np.float32),
    "identity": np.ones_like,
}


def inputs(who: str, network: Network, x: ArrayLike | Dataset) -> F32:
    """Return rows as the first layer gets them: (rows, features), pixels normalised.

    Args:
        who: Begins the sentence of an error.
        network: Of any depth.
        x: As for Network.activations().
    """
    rows = network._rows(who, x, finite=True)
    bytes_ = rows.x.dtype == np.uint8
    return normalise(rows.x, rows.mean, rows.std) if bytes_ else np.asarray(rows.x, np.float32)


def activations(network: Network, x: F32) -> list[F32]:
    """Return every layer's activations for rows as inputs() returns them: [(rows, fan_out), ...]."""
    rows = Rows(x, 0.0, 1.0, x, False)
    return network._blocks(rows, range(network.architecture.layers))


def paper_of(network: Network) -> float:
    """Return what a pixel of blank paper is to the first layer; for numbers that are no pixels, 0."""
    if not network.pixels or network.mean is None or network.std is None:
        return 0.0
    return (_blank(network.mean, network.std) - network.mean) / network.std


def ink_of(network: Network, x: F32) -> F32:
    """Return how much ink is on each pixel of rows (n, features), from 0 for paper to 1.

    Args:
        network: That learned from pixels.
        x: As inputs() returns.
    """
    mean, std = network.mean or 0.0, network.std or 1.0
    ink = np.abs(x * std + mean - _blank(mean, std))
    most = 255.0 if spread_as_bytes(mean, std) else float(ink.max(initial=0)) or 1.0
    result: F32 = (ink / most).clip(0, 1)
    return result


def _blank(mean: float, std: float) -> float:
    """Return the pixel of blank paper: black if most pixels are dark."""
    return 255.0 if mean >= 128 and spread_as_bytes(mean, std) else 0.0


def contributions(network: Network, x: F32, answer: ArrayLike, other: ArrayLike) -> F32:
    """Return what each unit of the last hidden layer said for one class and against another.

    That is its activation times the difference of its two weights: with the difference of the biases
    they add up to the difference of the two classes' sums.

    Args:
        network: Without a hidden layer, its inputs are taken for units.
        x: (n, features), as inputs() returns.
        answer: The number of a class per row (n,).
        other: Likewise.

    Returns:
        (n, units).
    """
    below = activations(network, x)[-2] if network.architecture.layers > 1 else x
    last = network.weights[-1]
    weighed: F32 = below * (last[:, np.asarray(answer)] - last[:, np.asarray(other)]).T
    return weighed


def evidence(network: Network, x: F32, layer: int, columns: F32) -> F32:
    """Return what each input added to sums of a layer's inputs, compared with blank paper.

    Integrated gradients along the way from the paper to the sample (Sundararajan, Taly, Yan 2017,
    "Axiomatic attribution for deep networks"): where nothing but weights is between, pixels times
    weights; always, they add up to what the sample has changed of the sum.

    Args:
        network: Of any depth.
        x: (features,), as inputs() returns.
        layer: Whose inputs are added up: 0 for the first.
        columns: (fan_in of the layer, k): their weights in each of k sums, such as units' columns of the
            layer's weights, or differences of two.

    Returns:
        (k, features).
    """
    ink = x - np.float32(paper_of(network))
    slopes = columns[np.newaxis]
    if layer > 0:
        way = (np.arange(_STEPS, dtype=np.float32) + 0.5) / _STEPS
        path = x - ink + way[:, np.newaxis] * ink
        outputs = activations(network, path)
        names = network.architecture.activations
        for below in range(layer - 1, -1, -1):
            here = _SLOPES[names[below]](outputs[below])
            slopes = here[:, :, np.newaxis] * slopes
            if below == 0:  # all the rest is a product with one matrix
                slopes = slopes.mean(axis=0, keepdims=True)
            slopes = network.weights[below] @ slopes
    result: F32 = slopes[0].T * ink
    return result


def outspoken(said: F32, count: int) -> tuple[I64, I64]:
    """Return the units that say most for the answer, and those that say most against it.

    Args:
        said: (units,), a row of contributions().
        count: How many of each at most.
    """
    order = np.argsort(-said, kind="stable")
    share = min(count, len(said) // 2 or 1)
    return order[:share], order[::-1][:share]
