"""A wall of samples: rows as wide as there is room for, words below each."""

import numpy as np
import pytest

from cutaway.look.theme import THEMES
from cutaway.look.wall import fitted, wall


@pytest.mark.parametrize("theme", THEMES)
def test_samples_stand_in_rows_at_their_scale(theme):
    samples = np.zeros((3, 4, 4))
    samples[1] = 1
    pixels = np.asarray(wall(samples, ["a", "b", "c"], width=90, cell=40, gap=10, theme=theme))
    assert pixels.shape[1] == 90  # two in a row
    assert pixels.shape[0] == 2 * (40 + 2 + 25) + 10
    look = THEMES[theme]
    assert (pixels[:40, :40] == look.paper).all()
    assert (pixels[:40, 50:] == look.ink).all()
    assert (pixels[40:67] == look.ink).all(axis=2).any()  # words


def test_rows_of_numbers_are_strips_that_can_be_seen():
    image = wall(np.ones((1, 1, 6)), ["a"], width=500, cell=60)
    strip = (np.asarray(image) == THEMES["light"].ink).all(axis=2)
    assert strip[:20, :60].all()


@pytest.mark.parametrize(
    ("shape", "size"),
    [((1, 300), (60, 24)), ((120, 60), (30, 60)), ((8, 8), (56, 56)), ((1, 6), (60, 30))],
)
def test_a_sample_is_as_large_as_there_is_room(shape, size):
    assert fitted(np.ones(shape), 60).size == size


def test_a_blank_sample_has_an_edge_if_that_is_wanted():
    plain, edged = (
        np.asarray(wall(np.zeros((1, 4, 4)), [""], width=40, cell=40, edge=edge))
        for edge in (False, True)
    )
    assert (plain == 255).all()
    assert (edged[[0, 39], :40] == THEMES["light"].gap).all()
    assert (edged[1:39, 1:39] == 255).all()
