"""Inputs: a sample as ink, numbers of its pixels in signed colours, at the size that is asked for."""

import numpy as np
import pytest

from cutaway.look.inputs import ink, signed, strong
from cutaway.look.theme import THEMES
from cutaway.look.tiles import colours


@pytest.mark.parametrize("theme", THEMES)
def test_a_sample_is_ink_on_paper_within_a_line(theme):
    look = THEMES[theme]
    picture = np.asarray(ink([0, 1, 0.5, 0], (2, 2), 10, theme=theme))
    assert picture.shape == (12, 12, 3)
    assert tuple(picture[0, 0]) == tuple(picture[11, 5]) == look.gap
    assert tuple(picture[1, 1]) == look.paper
    assert tuple(picture[5, 6]) == look.ink


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_are_orange_above_zero_and_blue_below(theme):
    scale = colours("diverging", theme)
    picture = np.asarray(signed([2, -2, 0, 1], (2, 2), 10, limit=2, theme=theme))
    for place, level in (((1, 1), 254), ((1, 10), 0), ((10, 1), 127), ((10, 10), 127 + 64)):
        np.testing.assert_array_equal(picture[place], scale[level])


@pytest.mark.parametrize(
    ("shape", "size"),
    [((8, 8), (40, 40)), ((100, 50), (20, 40)), ((5, 10), (40, 20)), ((1, 6), (40, 13))],
)
def test_the_longer_side_is_as_long_as_told_and_strips_are_bands(shape, size):
    values = np.linspace(-1, 1, shape[0] * shape[1])
    for picture in (ink(values, shape, 40), signed(values, shape, 40)):
        assert picture.size == (size[0] + 2, size[1] + 2)


def test_one_in_a_hundred_numbers_is_stronger_than_the_strongest_colour():
    assert strong([*np.linspace(-1, 1, 990), *[50] * 9]) == pytest.approx(1, abs=0.02)
    assert strong([0] * 999 + [7]) == 7
    assert strong([0, 0]) > 0
