"""Curves of being right and being sure, with samples below: what is surer than right is shaded."""

import numpy as np
import pytest

from cutaway.look.doubt import Panel, doubt_picture
from cutaway.look.theme import THEMES


def panel(accuracy, confidence, captions=("seven\n90 %",) * 5, shape=(4, 4)):
    return Panel(
        "Noise", "how much", list("abcde"), np.linspace(1, accuracy, 5),
        np.linspace(1, confidence, 5), np.ones((5, *shape)), captions,
    )  # fmt: skip


def drawn(panels, theme="light"):
    image = doubt_picture(
        panels, np.zeros((2, 4, 4)), ["a blank\nsaid 5", "noise\nsaid 6"],
        titles=("one", "two"), notes=("", ""), theme=theme,
    )  # fmt: skip
    return np.asarray(image)


@pytest.mark.parametrize("theme", THEMES)
def test_being_surer_than_right_is_shaded_and_the_other_way_round_is_not(theme):
    look = THEMES[theme]
    shade = np.round(0.2 * np.array(look.second) + 0.8 * np.array(look.paper))

    def shaded(pixels):
        return (np.abs(pixels - shade).max(axis=2) <= 2).sum()

    assert shaded(drawn([panel(0.2, 0.9)], theme)) > 10_000
    assert shaded(drawn([panel(0.9, 0.2)], theme)) < 100


def test_panels_stand_two_in_a_row():
    one, two, three = (drawn([panel(0.5, 0.5)] * n).shape for n in (1, 2, 3))
    assert one == two
    assert three[0] > one[0] + 300
    assert {one[1], three[1]} == {1280}


@pytest.mark.parametrize("shape", [(4, 4), (1, 6), (1, 784), (100, 60)])
def test_samples_of_any_shape_have_room(shape):
    pixels = drawn([panel(0.5, 0.5, ("a class with a very long name\n90 %",) * 5, shape)])
    assert pixels.shape[1] == 1280
