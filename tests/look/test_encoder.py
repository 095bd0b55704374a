"""Encoder: images are enlarged by whole factors, and one that is not enlarged is not copied."""

import numpy as np
import pytest

from cutaway.look.encoder import composed, enlarged

IMAGE = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_every_pixel_becomes_a_square(scale):
    large = enlarged(IMAGE, scale)
    assert large.shape == (2 * scale, 3 * scale, 3)
    for row, column in np.ndindex(2, 3):
        square = large[row * scale :, column * scale :][:scale, :scale]
        assert (square == IMAGE[row, column]).all()


def test_what_is_not_enlarged_is_not_copied():
    assert enlarged(IMAGE, 1) is IMAGE


def test_a_caption_stands_below_at_its_own_size():
    caption = np.full((1, 6, 3), 9, np.uint8)
    np.testing.assert_array_equal(composed(IMAGE, caption, 2)[4:], caption)
