"""Movement: the moments of a training go in; the plane in which it moved, and the loss there, come out."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from ..backend.contract import F32, F64
from ..data.dataset import Dataset
from ..learn.history import Moment
from ..learn.network import Network

RANDOM_WALK = 2 / 3 + 2 / np.pi**2  # of its movement lies in its plane, as Plane tells
_FLAT = 1e-6  # of the movement: what is less across is the rounding of a line


@dataclass(frozen=True, kw_only=True)
class Plane:
    """The plane through a training's start and end that holds most of its movement.

    The first of its directions is from the start to the end, the second the principal one of what is left
    of the way, in all weights and biases. Each moment counts as much as the way to its neighbours is
    long, so that it does not matter where moments lie dense. Of a random walk in very many dimensions
    such a plane holds 87 %, too: the line holds 2/3 of the squared distances from the end, and of what
    is left, a Brownian bridge, its first component holds 6 / pi^2.

    Attributes:
        layers: Per layer (3, 1 + fan_in, fan_out): the end, and the two directions, which have length 1.
        path: (moments, 2): where the moments are, in distances of weights from the end, which is (0, 0).
            The start is left of it, at (-distance, 0), and what is farthest across is above.
        shares: (2,): of the squared distances from the end, what lies in each direction.
    """

    layers: tuple[F32, ...]
    path: F64
    shares: F64


def plane_of(who: str, moments: Sequence[Moment]) -> Plane:
    """Return the plane of a training.

    Args:
        who: Begins the sentence of an error.
        moments: From its start to its end.

    Raises:
        ValueError: if they diverge, end where they start, or move on a line: as two do.
    """
    points = np.stack([_flat(moment) for moment in moments])
    with np.errstate(over="ignore", invalid="ignore"):
        away = points - points[-1]
        lengths = np.linalg.norm(np.diff(points, axis=0), axis=1).astype(np.float64)
        whole = np.square(away).sum(axis=1, dtype=np.float64)
    if not np.isfinite(whole).all():
        raise ValueError(f"{who}: moments must have finite weights, got some that diverged")
    counts = (np.append(lengths, 0) + np.append(0, lengths)) / 2
    movement = whole @ counts
    if whole[0] <= _FLAT * whole.max():
        raise ValueError(f"{who}: moments must end elsewhere than they start")
    along = -away[0] / np.float32(np.sqrt(whole[0]))
    left = away - np.outer(away @ along, along)
    squares, mixtures = np.linalg.eigh(left @ left.T * np.sqrt(np.outer(counts, counts)))
    if squares[-1] <= _FLAT * movement:
        raise ValueError(f"{who}: moments must move in a plane, not on a line")
    across = (mixtures[:, -1] * np.sqrt(counts)).astype(np.float32) @ left
    across /= np.linalg.norm(across)
    heights = away @ across
    across *= np.sign(heights[np.abs(heights).argmax()])
    directions = np.stack([along, across])
    path = (away @ directions.T).astype(np.float64)
    return Plane(
        layers=_layers(np.vstack([points[-1:], directions]), moments[-1]),
        path=path,
        shares=counts @ path**2 / movement,
    )


def losses_on(network: Network, data: Dataset, plane: Plane, x: F64, y: F64) -> F64:
    """Return the loss at points of a plane, mean per sample: (len(y), len(x)).

    Args:
        network: Whose weights are replaced by those of the plane, in a copy.
        data: Labelled.
        plane: Of its training.
        x: Distances along the first direction.
        y: Along the second.
    """
    copy = deepcopy(network)
    losses = np.empty((len(y), len(x)))
    for place in np.ndindex(losses.shape):
        at = np.array([1, x[place[1]], y[place[0]]], np.float32)
        losses[place] = _loss(copy, data, [np.tensordot(at, layer, 1) for layer in plane.layers])
    return losses


def losses_at(network: Network, data: Dataset, moments: Sequence[Moment]) -> F64:
    """Return the loss at moments themselves, which are not quite in their plane: (moments,)."""
    copy = deepcopy(network)
    return np.array([_loss(copy, data, _matrices(moment)) for moment in moments])


def _loss(network: Network, data: Dataset, matrices: Sequence[F32]) -> float:
    """Return the loss with other weights; what evaluate() would warn of is no news in a landscape."""
    for layer, matrix in enumerate(matrices):
        network.set_weights(layer, matrix)
    total, _, samples = network._score("landscape", data)
    return total / int(samples.sum())


def _matrices(moment: Moment) -> list[F32]:
    layers = zip(moment.weights, moment.biases, strict=True)
    return [np.vstack([biases, weights]) for weights, biases in layers]


def _flat(moment: Moment) -> F32:
    """Return all weights and biases as a point: (parameters,)."""
    return np.concatenate([matrix.ravel() for matrix in _matrices(moment)])


def _layers(points: F32, like: Moment) -> tuple[F32, ...]:
    """Return points (n, parameters) as matrices: per layer (n, 1 + fan_in, fan_out)."""
    shapes = [(len(w) + 1, w.shape[1]) for w in like.weights]
    ends = np.cumsum([rows * columns for rows, columns in shapes])[:-1]
    parts = np.split(points, ends, axis=1)
    return tuple(part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True))
