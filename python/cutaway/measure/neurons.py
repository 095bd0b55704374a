"""Neurons: a network and data go in; what its hidden units do with them comes out."""

from __future__ import annotations

import numpy as np

from ..backend.contract import F32
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
