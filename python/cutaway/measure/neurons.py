"""Neurons: a network and data go in; what its hidden units do with them, and for them, comes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend.contract import F32, F64, I64
from ..data.dataset import Dataset
from ..learn.network import Network

DEAD, SATURATED = "dead", "saturated"
_SAMPLES = 2000  # that units are judged by
_STILL = 0.01  # a unit whose output varies less says the same of every sample
_ENDS = 0.02  # of its range: how near its ends an output has no slope to learn by
_MOSTLY = 0.95  # of the samples
_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def conditions(network: Network, data: Dataset) -> list[list[str]]:
    """Tell of every hidden unit whether it is dead, saturated, or neither: "".

    A dead unit says the same of every sample: a ReLU 0, others a number that hardly varies. A saturated
    one is at an end of its range, where nothing is learned, for nearly all of them.

    Args:
        network: Of any depth.
        data: Whose first samples are looked at.

    Returns:
        A list for every hidden layer, with a word for every unit.
    """
    some = data.subset(slice(_SAMPLES))
    hidden = network.architecture.activations[:-1]
    layers = network.activations(some)[:-1]
    return [_of_layer(name, layer) for name, layer in zip(hidden, layers, strict=True)]


def means_by_class(outputs: F32, labels: I64, classes: int) -> F64:
    """Return the mean output of each unit for each class: (classes, units), NaN without samples.

    Args:
        outputs: (samples, units), as Network.activations() has them of a layer.
        labels: (samples,).
        classes: How many there are.
    """
    samples = np.bincount(labels, minlength=classes)[:, np.newaxis]
    sums = np.zeros((classes, outputs.shape[1]))
    for label in np.unique(labels):
        sums[label] = outputs[labels == label].sum(axis=0, dtype=np.float64)
    return np.where(samples > 0, sums / np.maximum(samples, 1), np.nan)


def ablation(network: Network, data: Dataset, units: Sequence[int]) -> I64:
    """Return how many samples of each class are right without each of some units: (units, classes).

    Without a unit, as if its outgoing weights were zero. What comes before it is computed once.

    Args:
        network: With a hidden layer.
        data: Labelled.
        units: Numbers of units of the first layer.
    """
    outputs, rest = network.activations(data)[0], _after_first(network)
    counts = []
    for unit in units:
        own = outputs[:, unit].copy()
        outputs[:, unit] = 0  # which the next layer cannot tell from weights that are zero
        right = rest.predict(outputs) == data.labels
        counts.append(np.bincount(data.labels[right], minlength=network.architecture.sizes[-1]))
        outputs[:, unit] = own
    return np.stack(counts)


def _after_first(network: Network) -> Network:
    """Return a network of all layers but the first."""
    about = network.architecture
    rest = Network(
        about.sizes[1:], activation=about.activations[1:-1], output=about.activations[-1],
        loss=about.loss, backend=network.backend, threads=network.threads,
    )  # fmt: skip
    for layer in range(1, about.layers):
        rest.set_weights(layer - 1, network.get_weights(layer))
    return rest


def _of_layer(activation: str, outputs: F32) -> list[str]:
    """Return the condition of each unit from its outputs (samples, units)."""
    still = np.ptp(outputs, axis=0) == 0 if activation == "relu" else outputs.std(axis=0) < _STILL
    ends = np.zeros(outputs.shape[1])
    if activation in _RANGES:
        low, high = _RANGES[activation]
        near = _ENDS * (high - low)
        ends = ((outputs < low + near) | (outputs > high - near)).mean(axis=0)
    return [
        DEAD if dead else SATURATED if share >= _MOSTLY else ""
        for dead, share in zip(still, ends, strict=True)
    ]
