"""A wall of samples: rows as wide as there is room for, words below each."""

import numpy as np
import pytest

from cutaway.look.theme import THEMES
from cutaway.look.wall import wall


@pytest.mark.parametrize("theme", THEMES)
def test_samples_stand_in_rows_at_their_scale(theme):
    samples = np.zeros((3, 4, 4))
    samples[1] = 1
    pixels = np.asarray(wall(samples, ["a", "b", "c"], width=90, cell=40, gap=10, theme=theme))
    assert pixels.shape[1] == 90  # two in a row
    assert pixels.shape[0] == 2 * (40 + 2 + 21) + 10
    look = THEMES[theme]
    assert (pixels[:40, :40] == look.paper).all()
    assert (pixels[:40, 50:] == look.ink).all()
    assert (pixels[40:63] == look.ink).all(axis=2).any()  # words


def test_rows_of_numbers_are_strips_that_can_be_seen():
    image = wall(np.ones((1, 1, 6)), ["a"], width=500, cell=60)
    strip = (np.asarray(image) == THEMES["light"].ink).all(axis=2)
    assert strip[:20, :60].all()


def test_samples_wider_than_a_cell_keep_their_width():
    assert wall(np.ones((2, 1, 300)), ["a", "b"], width=500, cell=60).width == 300
