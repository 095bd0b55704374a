"""Sources: what a training loop holds goes in, as it is; copies of its weights and its losses come out."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from .. import checks
from ..foreign.read import read
from ..foreign.weights import Weights


def copied(who: str, source: Any) -> Weights:
    """Return a model's weights as they are now, which later training leaves alone.

    Args:
        who: Begins the sentence of an error.
        source: As for Recorder.see().

    Raises:
        TypeError, ValueError: if it is no chain of fully connected layers.
        OSError: if it is a file that cannot be read.
    """
    found = read(who, source, name="weights", usual="in,out")
    # Laid out in memory as they are: that is the fastest.
    weights, biases = (
        tuple(np.array(array, order="K") for array in arrays)
        for arrays in (found.weights, found.biases)
    )
    return replace(found, weights=weights, biases=biases)


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


def _is_tensor(value: object) -> bool:
    return hasattr(value, "is_cpu")
