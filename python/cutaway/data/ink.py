"""Ink: a photo or a drawing of a sign on dark paper goes in; the sign alone, made as MNIST's, comes out.

Paper is seldom even: light falls off, and cameras are noisy. What is narrower than a stroke's width and
stands out from the paper around it is ink; OpenCV finds it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

_BOX = 20 / 28  # of the side: the box that MNIST's digits fill
_STROKE = 3  # a stroke is narrower than this part of the picture's shorter side
_FAINT = 25  # of 255: what stands out less is no ink
_SPECK = 0.04  # of the largest piece of ink: what is smaller is dirt
_NOISY = 20  # pixels of `side` from which on a little blur takes noise away and leaves strokes
_SMALLEST = (
    200  # pixels of a side; larger pictures are made smaller first, which takes the noise away
)


def centred(picture: U8, shape: tuple[int, int]) -> U8 | None:
    """Return the ink, scaled to a box of 20 / 28 of the side and centred by mass; None if there is none.

    So were MNIST's digits made (LeCun, Cortes, Burges, "The MNIST database").

    Args:
        picture: (height, width), bright ink on dark paper.
        shape: (height, width) of the result.
    """
    strength = _ink(picture)
    if strength is None:
        return None
    rows, columns = (np.flatnonzero(strength.any(axis=axis)) for axis in (1, 0))
    cut = strength[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX * min(shape[0] / cut.shape[0], shape[1] / cut.shape[1])
    small = _scaled(cut, tuple(max(1, round(n * scale)) for n in cut.shape))
    if small.max() <= 0:  # a point that vanishes when it is scaled
        return None
    small = small.clip(0) / small.max()
    result = np.zeros(shape, np.float32)
    top, left = (
        int(np.clip(round((extent - 1) / 2 - mean), 0, extent - n))
        for extent, n, mean in zip(shape, small.shape, _centre(small), strict=True)
    )
    result[top : top + small.shape[0], left : left + small.shape[1]] = small
    return (255 * result).round().astype(np.uint8)


def _ink(picture: U8) -> F32 | None:
    """Return how strong the ink is everywhere (height, width), 0 to 1; paper and dirt are 0."""
    import cv2

    shrink = max(1, min(picture.shape) // _SMALLEST)
    if shrink > 1:
        picture = _scaled(picture, tuple(n // shrink for n in picture.shape))
    side = max(3, min(picture.shape) // _STROKE) | 1
    padded = cv2.copyMakeBorder(picture, side, side, side, side, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    ink = cv2.morphologyEx(padded, cv2.MORPH_TOPHAT, kernel)[side:-side, side:-side]
    ink = cv2.GaussianBlur(ink, (3, 3), 0) if side > _NOISY else ink
    level, strong = cv2.threshold(ink, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if level < _FAINT:
        return None
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
    sizes = facts[:, cv2.CC_STAT_AREA]
    large = sizes >= _SPECK * sizes[1:].max(initial=1)
    large[0] = False  # the paper
    mask = cv2.dilate(large[pieces].astype(np.uint8), np.ones((3, 3), np.uint8))
    strength = ink * mask
    result: F32 = strength.astype(np.float32) / max(float(np.quantile(strength[mask > 0], 0.95)), 1)
    return result.clip(0, 1)


def _scaled(pixels: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    import cv2

    smaller = size[0] < pixels.shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    scaled: NDArray[Any] = cv2.resize(pixels, (size[1], size[0]), interpolation=how)
    return scaled


def _centre(ink: NDArray[Any]) -> tuple[float, float]:
    """Return the row and the column of the centre of mass."""
    total = float(ink.sum())
    rows, columns = np.arange(ink.shape[0]), np.arange(ink.shape[1])
    return float(ink.sum(axis=1) @ rows) / total, float(ink.sum(axis=0) @ columns) / total
