"""The picture of what was learned first: colours by order, and room for every class."""

import numpy as np
import pytest

from cutaway.look.first import WIDTH, first_picture
from cutaway.look.theme import THEMES


def drawn(order, theme):
    curves = np.array([[0, 0.5, 1.0], [1.0, 0.5, 0]]).T
    image = first_picture(
        [0, 1, 100], curves, ["up", "down"], order, np.zeros((0, 4, 4)), [],
        titles=("one", "two"), notes=("", ""), theme=theme,
    )  # fmt: skip
    return np.asarray(image)


@pytest.mark.parametrize("theme", THEMES)
def test_the_first_is_blue_and_the_last_orange(theme):
    look = THEMES[theme]
    pixels, other = drawn([0, 1], theme), drawn([1, 0], theme)
    for colour in (look.first, look.second):
        assert (pixels == colour).all(axis=2).sum() > 500
    assert (pixels != other).any()
    rows = np.flatnonzero((pixels == look.first).all(axis=2)[:, 1000:1080].any(axis=1))
    assert rows.mean() < 0.4 * len(pixels)  # "up" ends high


def test_many_classes_have_room():
    curves = np.tile(np.linspace(0, 1, 60), (4, 1))
    image = first_picture(
        [0, 1, 2, 3], curves, [f"class {n}" for n in range(60)], range(60), np.zeros((0, 4, 4)), [],
        titles=("one", "two"), notes=("", ""),
    )  # fmt: skip
    assert image.height < 900
    gray = (np.asarray(image) == THEMES["light"].gap).all(axis=2)
    assert gray[:, 200:900].sum() > 500  # those between the first and the last


def test_long_names_have_room_right_of_the_lines():
    image = first_picture(
        [0, 1, 2], np.ones((3, 2)), ["m" * 40, "i"], [0, 1], np.zeros((0, 4, 4)), [],
        titles=("one", "two"), notes=("", ""),
    )  # fmt: skip
    pixels = np.asarray(image)
    assert (pixels[:, WIDTH + 10 :] == THEMES["light"].paper).all()
    assert (pixels[:, WIDTH - 40 : WIDTH] != THEMES["light"].paper).any()
