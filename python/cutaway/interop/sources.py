"""Sources: what a training loop holds goes in, as it is; copies of its weights and its losses come out."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from .. import checks
from ..foreign.objects import is_module
from ..foreign.read import read
from ..foreign.weights import Weights

_Places = list[tuple[int, tuple[int, ...]]]


class Copier:
    """Copies a model's weights, again and again; where a PyTorch module has them is found once.

    To find them takes four times as long as to copy them.
    """

    def __init__(self) -> None:
        self._model: Any = None
        self._found: Any = None  # its Weights, in whose memory it goes on learning if it has places
        self._places: _Places = []

    def copied(self, who: str, model: Any) -> Weights:
        """Return a model's weights as they are now, which later training leaves alone.

        Args:
            who: Begins the sentence of an error.
            model: As for Recorder.see().

        Raises:
            TypeError, ValueError: if it is no chain of fully connected layers.
            OSError: if it is a file that cannot be read.
        """
        if model is not self._model or not self._places or self._places != _places(model):
            self._found = read(who, model, name="weights", usual="in,out")
            self._model, self._places = model, _places_of(self._found, model)
        # Laid out in memory as they are: that is the fastest.
        weights, biases = (
            tuple(np.array(array, order="K") for array in arrays)
            for arrays in (self._found.weights, self._found.biases)
        )
        now: Weights = replace(self._found, weights=weights, biases=biases)
        return now


def _places(module: Any) -> _Places:
    """Return the addresses and shapes of a PyTorch module's parameters."""
    return [(parameter.data_ptr(), parameter.shape) for parameter in module.parameters()]


def _places_of(found: Weights, model: Any) -> _Places:
    """Return the places of a PyTorch module of which all that it learns lies in `found`; else none."""
    if not is_module(model) or any(True for _ in model.buffers()):
        return []
    places = _places(model)
    held = {array.ctypes.data for array in (*found.weights, *found.biases)}
    return places if held.issuperset(place for place, _ in places) else []


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
