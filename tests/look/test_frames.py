"""Frames: a layer's tiles at a size to look at, with a caption as wide."""

import numpy as np
import pytest

from cutaway.look.frames import Frames
from cutaway.look.theme import THEMES
from cutaway.look.tiles import tiles

RNG = np.random.default_rng(0)


def frames_of(weights, shape=None, **options):
    options = {"steps": [1, 2], "losses": [1.0, 0.5], "epoch": 2, "limit": 1.0, **options}
    return Frames(weights, shape=shape, **options)


def test_the_tiles_are_those_of_the_layer():
    weights = RNG.normal(size=(784, 64)).astype(np.float32)
    frames = frames_of(weights, (28, 28))
    image, caption = frames.draw(0, weights, 0.5, 1)
    np.testing.assert_array_equal(image, tiles(weights, shape=(28, 28), limit=1.0))
    assert caption.shape[1] == image.shape[1] * frames.scale


@pytest.mark.parametrize(
    ("shape", "units"),
    [((28, 28), 1), ((28, 28), 16), ((28, 28), 50), ((28, 28), 64), ((28, 28), 300),
     ((8, 8), 64), ((5, 7), 6), (None, 12)],
)  # fmt: skip
@pytest.mark.parametrize("height", [480, 900])
def test_a_frame_is_high_enough_and_no_wider_than_a_screen(shape, units, height):
    weights = RNG.normal(size=(np.prod(shape or (13,)), units)).astype(np.float32)
    frames = frames_of(weights, shape, height=height)
    image, caption = frames.draw(0, weights, None, 0)
    high, wide = image.shape[0] * frames.scale + len(caption), image.shape[1] * frames.scale
    assert 560 <= wide <= 1920
    if shape:
        assert height <= high <= 2.4 * height
    assert frames.scale == 1 or frames.scale % 2 == 0


def test_lines_between_small_tiles_are_as_thin_as_between_large_ones():
    weights = np.ones((64, 4), np.float32)
    frames = frames_of(weights, (8, 8))
    image, _ = frames.draw(0, weights, None, 0)
    gap = (image == THEMES["light"].gap).all(axis=2)
    rows = gap.all(axis=1)
    assert rows.sum() == 3  # above, between and below two rows of tiles
    assert len(rows) > 2 * 24


def test_a_narrow_layer_stands_in_the_middle_of_the_paper():
    weights = RNG.normal(size=(784, 2)).astype(np.float32)
    tall = frames_of(np.tile(weights, 1)[:, :1], (56, 14), theme="dark")
    image, _ = tall.draw(0, weights[:, :1], None, 0)
    paper = (image == THEMES["dark"].paper).all(axis=2).all(axis=0)
    assert paper[0]
    assert paper[-1]
    assert not paper.all()
