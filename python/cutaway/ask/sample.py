"""Sample: what pictures that answer show of a network's inputs and classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..backend.contract import F32
from ..learn.network import Network
from ..look.inputs import ink, signed
from ..look.tiles import tile_shape
from ..measure.evidence import ink_of, paper_of

if TYPE_CHECKING:
    from PIL.Image import Image

BOUNDED = {"sigmoid": 1.0, "softmax": 1.0, "tanh": 1.0}  # the largest output there can be


def names_of(network: Network) -> tuple[str, ...]:
    """Return a name for every class: its number where it has none."""
    names = network.class_names or ()
    return (*names, *map(str, range(len(names), network.architecture.sizes[-1])))


def check_learned(who: str, network: Network) -> None:
    """Check that a network has learned something that can be drawn.

    Raises:
        ValueError: if it diverged, or has one class.
    """
    if network.architecture.sizes[-1] < 2:
        raise ValueError(f"{who}: network must have at least 2 classes, got 1")
    arrays = (*network.weights, *network.biases)
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(f"{who}: network must have finite weights, got one that diverged")


def shape_of(network: Network) -> tuple[int, int]:
    """Return (height, width) of its inputs, (1, features) if they are no pictures."""
    return tile_shape(
        "ask", np.empty((network.architecture.sizes[0], 1), np.float32), network.shape
    )


def drawn(network: Network, x: F32, side: int, theme: str) -> Image:
    """Draw an input (features,): ink if they are pixels, signed colours if they are numbers."""
    if network.pixels:
        return ink(ink_of(network, x), shape_of(network), side, theme=theme)
    return signed(x - paper_of(network), shape_of(network), side, theme=theme)
