"""The picture of a mini-batch: tiles of pictures, strips of rows, in both themes."""

import numpy as np
import pytest

from cutaway.look.batch import batch_picture
from cutaway.look.theme import THEMES


def drawn(shape, units, most, captions=("3", "3 said 8"), theme="light", added=0.001):
    features = shape[0] * shape[1] if shape else 6
    rng = np.random.default_rng(0)
    image = batch_picture(
        np.ones((2, *(shape or (1, 6)))), captions, rng.normal(size=(features, units)),
        np.full((features, units), added), most, [f"{n} for 3" for n in most],
        [f"by {n} %" for n in most], shape=shape, title="title", notes=("a", "b", "c"), theme=theme,
    )  # fmt: skip
    return np.asarray(image)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("shape", "units", "most"),
    [
        ((28, 28), 64, range(7)), ((8, 8), 50, [3, 4]), ((5, 9), 3, [2]), (None, 12, range(7)),
        ((4, 4), 200, [199]),
    ],
)  # fmt: skip
def test_any_layer_has_room(shape, units, most, theme):
    pixels = drawn(shape, units, list(most), theme=theme)
    assert 800 <= pixels.shape[1] <= 1650
    assert 500 <= pixels.shape[0] <= 2000
    look = THEMES[theme]
    assert tuple(pixels[0, 0]) == look.paper
    assert (pixels == look.positive[2]).all(axis=2).sum() > 1000  # what was added, all the same


def test_what_is_taken_away_is_blue():
    look = THEMES["light"]

    def counted(added, colour):
        """In the upper half, of the whole layer, and in the lower, of the units that moved most."""
        halves = np.array_split(drawn((8, 8), 9, [0], added=added), 2)
        return np.array([(half == colour).all(axis=2).sum() for half in halves])

    orange, blue = look.positive[2], look.negative[0]
    assert (counted(0.1, orange) > counted(-0.1, orange) + 10_000).all()
    assert (counted(-0.1, blue) > counted(0.1, blue) + 10_000).all()


def test_captions_of_two_lines_have_more_room():
    narrow, wide = (
        drawn((28, 28), 9, [0], captions) for captions in (("cat", "dog"), ("cat\nsaid dog", "dog"))
    )
    ink = [
        (pixels[90:250, :160] == THEMES["light"].ink).all(axis=2).sum() for pixels in (narrow, wide)
    ]
    assert ink[1] > 1.5 * ink[0]
