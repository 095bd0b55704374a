"""Pixels: whatever is an image goes in, an array of RGB comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks


def rgb(name: str, image: Any) -> NDArray[np.uint8]:
    """Return an image as (height, width, 3), RGB; what is transparent shows white.

    Raises:
        TypeError, ValueError: if it is no such image as Film.write() takes.
    """
    if hasattr(image, "convert"):
        image = np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    elif isinstance(image, memoryview) or hasattr(image, "__array__"):
        image = checks.array_of("Film", name, image)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"Film: {name} must be a PIL image or a uint8 array, got {kind}")
    channels = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if channels not in (1, 3, 4) or 0 in image.shape:
        raise ValueError(
            f"Film: {name} must be (height, width) or (height, width, 1, 3 or 4), got {image.shape}"
        )
    if channels == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    pixels: NDArray[np.uint8] = image
    return _over_white(pixels) if channels == 4 else pixels


def _over_white(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (height, width, 4), whose colours are not multiplied by alpha, as (..., 3) on white."""
    alpha = image[:, :, 3:].astype(np.uint16)
    if alpha.min() == 255:
        return image[:, :, :3]
    mixed: NDArray[np.uint8] = (
        (image[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255  # at most 65152
    ).astype(np.uint8)
    return mixed
