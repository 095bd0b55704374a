"""Order: the weights of one moment go in; the units of a layer come out, sorted for a picture.

An order that is computed once holds for a whole film: tiles stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from .. import checks
from ..backend.contract import F32, I64

ORDERS = ("strength", "class", "likeness")


def order_of(weights: Sequence[F32], layer: int, by: str) -> I64:
    """Return the numbers of a layer's units in an order: (units,).

    Args:
        weights: Of every layer, (fan_in, units), as `network.weights` and `moment.weights` have them.
        layer: 0 for the first.
        by: "strength": the largest norm of weights first. "class": by the class that a unit speaks
            for most, as votes() tells, its strongest advocate first. "likeness":
            from the strongest unit on, each beside the one most like it of those that are left, by
            the angle between their weights.
    """
    checks.choice("order_of", "by", by, ORDERS)
    strength = np.linalg.norm(weights[layer], axis=0)
    if by == "strength":
        return np.argsort(-strength, kind="stable")
    if by == "likeness":
        return _nearest(weights[layer], strength)
    said = votes(weights, layer)
    return np.lexsort((-said.max(axis=1), said.argmax(axis=1)))


def votes(weights: Sequence[F32], layer: int) -> F32:
    """Return how much each unit speaks for each class, as the later layers' weights add up.

    Args:
        weights: As for order_of().
        layer: 0 for the first.

    Returns:
        (units, classes); of the last layer, each class for itself.
    """
    own = np.eye(weights[layer].shape[1], dtype=np.float32)
    return reduce(np.matmul, weights[layer + 1 :], own)


def movers(start: Sequence[F32], end: Sequence[F32], wanted: int) -> I64:
    """Return the first layer's units that moved most, spread over the classes that they speak for.

    The farthest of every class comes before the second of any; so many are taken, and sorted by class.

    Args:
        start: Weights of every layer, as for order_of(), before the training.
        end: The same after it.
        wanted: How many, or all if there are fewer.

    Returns:
        Their numbers, (wanted,).
    """
    distances = np.linalg.norm(end[0] - start[0], axis=0)
    classes = votes(end, 0).argmax(axis=1)
    far = np.argsort(-distances, kind="stable")
    turns = np.empty(len(far), np.int64)  # of its class, the how-manyth
    for spoken_for in np.unique(classes):
        those = far[classes[far] == spoken_for]
        turns[those] = np.arange(len(those))
    taken = far[np.argsort(turns[far], kind="stable")][:wanted]
    return taken[np.argsort(classes[taken], kind="stable")]


def _nearest(matrix: F32, strength: F32) -> I64:
    """Return the way from the strongest unit to the one most like it that is left, and so on."""
    directions = matrix / np.maximum(strength, np.finfo(np.float32).tiny)
    alike = directions.T @ directions
    way = [int(strength.argmax())]
    while len(way) < len(strength):
        alike[:, way[-1]] = -np.inf  # been there
        way.append(int(alike[way[-1]].argmax()))
    return np.array(way)
