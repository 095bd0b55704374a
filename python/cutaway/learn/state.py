"""State: what is kept of a network, weights and an optimizer's memory by name, is checked and laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import checks
from ..backend.contract import F32, Architecture, State
from ..backend.optimizer import Optimizer, memory_of
from ..foreign.chain import layers_of

_MOST_STEPS = 1 << 62


def weights_of(
    who: str, state: Mapping[str, Any], architecture: Architecture, finite: bool
) -> list[F32]:
    """Return the weights of each layer (1 + fan_in, fan_out) from a state_dict.

    Args:
        who: Begins the sentence of an error.
        state: Weights and biases with any names, in the order of the layers.
        architecture: Of the network.
        finite: Refuse numbers that are not.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"{who}: state must be a dictionary, got {type(state).__name__}")
    named = [(str(name), array) for name, array in state.items()]
    wanted = [(fan_in, fan_out) for fan_in, fan_out in pairwise(architecture.sizes)]
    layers = layers_of(who, named, usual="out,in")
    if [
        layer.weight.shape for layer in layers
    ] != wanted:  # of an autoencoder, the other way fits, too
        turned = [layer.weight.T.shape for layer in layers]
        sizes = "-".join(map(str, architecture.sizes))
        got = checks.shown(", ".join(layer.title for layer in layers), str)
        if turned != wanted:
            raise ValueError(f"{who}: state must be of a network {sizes}, got {got}")
        layers = layers_of(who, named, "in,out")
    matrices = []
    for layer in layers:
        if layer.bias is None:
            raise ValueError(f"{who}: state must have a bias for {layer.title}, got none")
        matrices.append(np.ascontiguousarray(np.vstack([layer.bias, layer.weight])))
        if finite:
            checks.finite(who, checks.shown(layer.name), matrices[-1])
    return matrices


def check_state(
    who: str, optimizer: Optimizer, state: State, architecture: Architecture, finite: bool
) -> State:
    """Return what an optimizer remembers: "step", and arrays of the weights' shapes."""
    shapes = {
        f"{name}.{layer}": architecture.shape(layer)
        for name in memory_of(optimizer)
        for layer in range(architecture.layers)
    }
    check_keys(who, state, ["step", *shapes])
    step = checks.count(who, "step", state["step"], 0, _MOST_STEPS)
    return {"step": step} | {
        name: _array(who, name, state, shape, finite) for name, shape in shapes.items()
    }


def _array(
    who: str, name: str, state: Mapping[str, Any], shape: tuple[int, ...], finite: bool
) -> F32:
    array = checks.floats(who, name, state[name])
    if array.shape != shape:
        raise ValueError(f"{who}: {name} must be {shape}, got shape {array.shape}")
    if finite:
        checks.finite(who, name, array)
    return array


def check_keys(who: str, state: object, expected: Sequence[str]) -> None:
    """Check that a state is a dictionary with these keys and no other."""
    if not isinstance(state, Mapping):
        raise TypeError(f"{who}: state must be a dictionary, got {type(state).__name__}")
    if set(state) != set(expected):
        keys, got = (checks.shown(list(names)) for names in (expected, state))
        raise ValueError(f"{who}: keys must be {keys}, got {got}")
