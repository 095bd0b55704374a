"""Pixels that a file holds as floats: k / 255, k / 256 or k go in, the bytes k come out, exactly.

So a file trains as the same images in bytes do: to the same bits, and as fast. A last bit of float32
does not matter, for k * (1 / 255) is as common as k / 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LAST_BIT = 2.0**-22  # of float32, relative, and a half more
_ROWS = 256  # at a time: bounds the memory, and most files are told by their first rows


def bytes_again(arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Return arrays of floats as uint8 if all numbers are k / 255, all are k / 256, or all are k.

    Args:
        arrays: The images of one file, training set and others: (n, ...), of any type.

    Returns:
        The arrays themselves if they are anything else.
    """
    if all(array.dtype.kind == "f" for array in arrays):
        for whole in (255, 256, 1):
            found = [_bytes(array, whole) for array in arrays]
            if all(array is not None for array in found):
                return [array for array in found if array is not None]
    return list(arrays)


def _bytes(array: NDArray[Any], whole: int) -> NDArray[np.uint8] | None:
    if array.ndim == 0:
        return None
    result = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), _ROWS):
        with np.errstate(invalid="ignore"):  # of a NaN that signals, as damage makes
            rows = array[start : start + _ROWS].astype(np.float64)
        levels = rows * whole
        if not (levels.min(initial=0) >= 0 and levels.max(initial=0) <= 256):  # NaN, too
            return None
        numbers = np.rint(levels).clip(max=255)
        if (np.abs(levels - numbers) > _LAST_BIT * numbers).any():
            return None
        result[start : start + _ROWS] = numbers
    return result
