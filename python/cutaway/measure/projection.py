"""Projection: a network goes in; what its deeper units make of the inputs comes out, as weights of them."""

from __future__ import annotations

from functools import reduce

import numpy as np

from ..backend.contract import F32
from ..foreign.weights import Weights
from ..learn.network import Network


def projected(network: Network | Weights, layer: int) -> F32:
    """Return a layer's weights as weights of the inputs: W0 @ W1 @ ... @ W[layer].

    That is the linear projection through the layers below: their activations are left out, and their
    biases. It is what a unit would weigh of each pixel if every unit below said just its sum.

    Args:
        network: Of any depth.
        layer: 0 for the first, which is returned as it is.

    Returns:
        (inputs, units).

    Raises:
        IndexError: if there is no such layer.
    """
    matrices = network.weights
    if layer >= len(matrices):
        raise IndexError(f"projected: layer must be at most {len(matrices) - 1}, got {layer}")
    return reduce(np.matmul, matrices[: layer + 1])
