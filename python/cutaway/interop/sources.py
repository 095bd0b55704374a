"""Sources: what somebody's training loop holds goes in, as it is; layers of arrays and numbers come out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from .. import checks
from ..backend.contract import F32
from ..learn.network import Network

Layers = list[tuple[F32, F32]]  # per layer weights (fan_in, fan_out) and biases (fan_out,)


def layers_of(who: str, source: Any) -> Layers:
    """Return the layers of a network, which share its memory where they can.

    Args:
        who: Begins the sentence of an error.
        source: As for Recorder.see().

    Raises:
        TypeError, ValueError: if it is no chain of fully connected layers.
    """
    if isinstance(source, Network):
        matrices = [source.get_weights(layer) for layer in range(source.architecture.layers)]
        return [(matrix[1:], matrix[0]) for matrix in matrices]
    module = is_module(source)
    given = source.parameters() if module else source
    if not isinstance(given, Iterable) or isinstance(given, str | bytes | dict | np.ndarray):
        raise TypeError(
            f"{who}: weights must be a list of arrays, a PyTorch module or a Network, "
            f"got {checks.shown(source)}"
        )
    layers: list[tuple[F32, F32 | None]] = []
    for number, value in enumerate(given):
        array = _array(who, f"weights[{number}]", value)
        if array.ndim == 2 and array.size:
            layers.append((array.T if module else array, None))
        elif array.ndim == 1 and layers and layers[-1][1] is None:
            layers[-1] = _with_bias(who, layers[-1][0], array), array
        else:
            raise ValueError(
                f"{who}: weights must be [W, b, W, b, ...] of 2 axes and of 1, got shape {array.shape} "
                f"at [{number}]"
            )
    return _chained(who, layers)


def copied(array: F32) -> F32:
    """Return a copy in float32, laid out in memory as the array is: the fastest."""
    return np.array(array, np.float32, order="K")


def number_of(who: str, name: str, value: Any) -> Any:
    """Return a float, or of a tensor on a GPU its number without its past: to read it would wait.

    Raises:
        TypeError: if it is no number.
        ValueError: if there are several.
    """
    if _is_tensor(value):  # first of all, and with few calls: it comes at every step
        if value.is_cpu and not value.shape:
            return value.item()
        if value.numel() == 1:
            return value.detach()
        raise ValueError(f"{who}: {name} must be one number, got shape {tuple(value.shape)}")
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    array = checks.numbers(who, name, value)
    if array.size != 1 or array.dtype.kind == "b":
        raise ValueError(f"{who}: {name} must be one number, got {checks.shown(value)}")
    return float(array.reshape(()))


def is_module(value: object) -> bool:
    """Tell whether it is one of PyTorch's modules, without importing that."""
    return not isinstance(value, type) and callable(getattr(value, "named_parameters", None))


def _is_tensor(value: object) -> bool:
    return hasattr(value, "is_cpu")


def _array(who: str, name: str, value: Any) -> F32:
    if _is_tensor(value):
        tensor: F32 = value.detach().float().numpy(force=True)
        return tensor
    return checks.floats(who, name, value)


def _with_bias(who: str, weights: F32, biases: F32) -> F32:
    """Return weights as (fan_in, fan_out), by the length of their biases."""
    if weights.shape[1] == len(biases):
        return weights
    if weights.shape[0] == len(biases):
        return weights.T
    raise ValueError(
        f"{who}: weights must have as many biases as units, got shapes {weights.shape} and "
        f"{biases.shape}"
    )


def _chained(who: str, layers: list[tuple[F32, F32 | None]]) -> Layers:
    """Check that each layer takes what the one before it gives; a layer without biases gets zeros."""
    if not layers:
        raise ValueError(f"{who}: weights must have at least 1 layer, got 0")
    for (first, _), (second, _) in pairwise(layers):
        if first.shape[1] != len(second):
            raise ValueError(
                f"{who}: weights must be layers of which each takes what the one before gives, got "
                f"shapes {first.shape} and {second.shape}"
            )
    zeros = np.zeros
    return [(w, zeros(w.shape[1], np.float32) if b is None else b) for w, b in layers]
