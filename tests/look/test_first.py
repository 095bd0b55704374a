"""The picture of what was learned first: labels that do not stand on each other, colours by order."""

from itertools import pairwise

import numpy as np
import pytest

from cutaway.look.first import first_picture, spread
from cutaway.look.theme import THEMES


def test_labels_stay_at_their_values_where_there_is_room():
    assert spread([10, 50, 90], gap=5, high=100) == [10, 50, 90]


@pytest.mark.parametrize("values", [[99, 98, 99, 97], [0, 0, 0], [50, 50], [100, 0, 1, 99]])
def test_labels_are_a_gap_apart_in_the_order_of_their_values_and_inside(values):
    placed = spread(values, gap=10, high=101)
    assert min(placed) >= 0
    assert max(placed) <= 101
    order = np.argsort(values, kind="stable")
    assert (np.diff(sorted(placed)) >= 10 - 1e-9).all()
    for low, high in pairwise(order):
        assert values[low] == values[high] or placed[low] < placed[high]


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
    assert 900 < image.height < 1400
