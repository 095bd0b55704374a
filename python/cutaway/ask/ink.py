"""Ink: inputs of a network or of a dataset go in, what is seen of them comes out: ink on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32, F64
from ..data.dataset import Dataset
from ..learn.network import Network
from ..look.inputs import ink, signed
from ..measure import evidence
from .given import shape_of

if TYPE_CHECKING:
    from PIL.Image import Image

_LOOKED_AT = 256  # pictures, to tell whether their paper is bright


def ink_of(data: Dataset, images: NDArray[Any]) -> F64:
    """Return inputs as ink: (n, height, width), 0 the lowest of the data's numbers and 1 the highest.

    Of pictures on bright paper, it is the other way round: what is dark is ink.

    Args:
        data: Whose range it is: of pictures that of all pixels, of others that of each feature.
        images: (n, features): of these data, or made of them.
    """
    axis = None if data.shape else 0
    low, high = data.images.min(axis=axis), data.images.max(axis=axis)
    shares = (images.astype(float) - low) / np.maximum(high - np.asarray(low, float), 1e-12)
    if data.shape and np.median(data.images[:_LOOKED_AT]) > (low + float(high)) / 2:
        shares = 1 - shares
    result: F64 = shares.clip(0, 1).reshape(len(images), *(data.shape or (1, images.shape[1])))
    return result


def drawn(network: Network, x: F32, side: int, theme: str) -> Image:
    """Draw an input as the first layer gets it (features,): ink if pixels, signed colours if numbers."""
    if network.pixels:
        return ink(evidence.ink_of(network, x), shape_of(network), side, theme=theme)
    return signed(x - evidence.paper_of(network), shape_of(network), side, theme=theme)
