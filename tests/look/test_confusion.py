"""Confusion: mistakes are orange, the rest steps back, and bars tell which part of a class is right."""

import numpy as np
import pytest

from cutaway.look.confusion import MOST, how_to_read, table
from cutaway.look.theme import THEMES

COUNTS = np.array([[90, 10, 0], [1, 50, 0], [0, 0, 0]])
RATES = [0.9, 50 / 51, float("nan")]
CELL = 104


def parts(image):
    """The cells (3, 3) and what is right of them, as pixels."""
    pixels = np.asarray(image).astype(int)
    left = image.width - 3 * CELL - 16 - 130 - 8 - 66  # what the bars and their numbers take
    top = image.height - 3 * CELL - 1
    assert abs(left - 20) < 8
    corners = [
        [(top + row * CELL, left + column * CELL) for column in range(3)] for row in range(3)
    ]
    cells = [[pixels[y + 8, x + 8] for y, x in row] for row in corners]
    return np.array(cells), pixels[top:, left + 3 * CELL + 8 :]


def orange(colour):
    return colour[0] - colour[2]


@pytest.mark.parametrize("theme", THEMES)
def test_mistakes_are_orange_and_right_answers_and_zeros_are_not(theme):
    cells, _ = parts(table(COUNTS, RATES, list("abc"), theme=theme))
    assert orange(cells[0, 1]) > 1.3 * orange(cells[1, 0]) > 30
    paper = THEMES[theme].paper
    for place in ((0, 2), (2, 0), (1, 2), (2, 1)):
        assert tuple(cells[place]) == paper
    for n in range(3):
        assert orange(cells[n, n]) <= 0
        assert 5 < np.abs(cells[n, n] - paper).max() < 60


@pytest.mark.parametrize("theme", THEMES)
def test_bars_are_as_long_as_accuracies_and_the_lowest_is_orange(theme):
    look = THEMES[theme]
    _, bars = parts(table(COUNTS, RATES, list("abc"), theme=theme))
    first, second, third = (bars[(2 * n + 1) * CELL // 2] for n in range(3))
    assert (first == look.second).all(axis=1).sum() == pytest.approx(130 * 0.9, abs=2)
    assert (second == look.first).all(axis=1).sum() == pytest.approx(130 * 50 / 51, abs=2)
    for colour in (look.first, look.second):
        assert not (third == colour).all(axis=1).any()


def test_a_table_without_mistakes_points_at_no_class():
    image = np.asarray(table(np.diag([5, 6]), [1.0, 1.0], list("ab")))
    assert not (image == THEMES["light"].second).all(axis=2).any()


def test_long_names_stand_upright_and_are_cut():
    short, long = (table(COUNTS, RATES, [name] * 3) for name in ("a", "a name of some length" * 9))
    assert short.width < long.width < short.width + 150
    assert short.height < long.height < short.height + 150


def test_of_many_classes_those_with_the_most_mistakes_have_room_and_that_is_told():
    counts = np.diag([1000] * 47)
    counts[3, 40], counts[11, 5] = 9, 7
    image = table(counts, [1.0] * 47, [str(n) for n in range(47)])
    few = table(counts[:MOST, :MOST], [1.0] * MOST, [str(n) for n in range(MOST)])
    assert few.height == image.height < 600
    assert "20 of 47 classes with the most mistakes" in how_to_read(47)
    assert "20" not in how_to_read(20)
    cells = np.asarray(image).astype(int)
    assert (
        (cells[..., 0] - cells[..., 2]) > 60
    ).sum() > 2 * 20 * 20  # both mistakes are among them
