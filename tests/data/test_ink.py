"""Ink: whatever the picture, a picture of the wanted size comes out, or nothing."""

import numpy as np
import pytest

from cutaway.data import ink

SIZES = [(1, 1), (1, 50), (50, 1), (2, 3), (5, 2000), (2000, 5), (30, 30), (700, 500)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(28, 28), (14, 56), (3, 3)])
def test_any_picture_gives_one_of_the_wanted_size_or_none(size, shape):
    noise = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    dot = np.zeros(size, np.uint8)
    dot[size[0] // 2, size[1] // 2] = 255
    for picture in (noise, dot, np.zeros(size, np.uint8), np.full(size, 255, np.uint8)):
        result = ink.centred(picture, shape)
        assert result is None or (result.shape, result.dtype) == (shape, np.uint8)
