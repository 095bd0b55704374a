"""Landscape: lines of round losses, colour where the loss is high, and as much of the path as is wanted."""

import numpy as np
import pytest

from cutaway.look.landscape import SHAPE, Landscape, Mark, _levels
from cutaway.look.theme import THEMES

X = np.linspace(-12, 2, 25)
Y = np.linspace(-3, 11, 25) * SHAPE
LOSSES = 0.1 + np.add.outer(Y**2, X**2) / 10
PATH = np.array([[-10, 0], [-5, 4], [0, 0]], float)
ENDS = [Mark(at=0, text="start"), Mark(at=2, text="end")]


def drawn(upto=None, foot="foot", marks=ENDS, losses=LOSSES, theme="light"):
    texts = dict(title="title", note="note", sides=("along", "across"))
    picture = Landscape(X, Y, losses, PATH, marks=marks, theme=theme, **texts)
    return np.asarray(picture.draw(foot, upto)).astype(int)


def columns_of(image, colour):
    return np.flatnonzero((image == colour).all(axis=2).any(axis=0))


@pytest.mark.parametrize("theme", THEMES)
def test_colour_is_loss_and_the_valley_is_paper(theme):
    image, look = drawn(theme=theme), THEMES[theme]
    assert image.shape[:2] > (900, 300)
    assert tuple(image[0, 0]) == tuple(image[-1, -1]) == look.paper
    away = np.abs(image - look.paper).sum(axis=2)
    middle = image.shape[0] // 2
    assert away[middle, 200] > 2 * away[middle, -100] + 50  # high at the left, low at the right


def test_the_path_goes_from_its_start_to_where_it_is():
    line = THEMES["light"].second
    whole, half, none = (columns_of(drawn(upto), line) for upto in (None, 1, 0))
    assert whole.min() == pytest.approx(half.min(), abs=3)
    assert np.ptp(whole) == pytest.approx(2 * np.ptp(half), rel=0.05)
    assert np.ptp(none) < 20  # a dot


def test_drawing_leaves_nothing_for_the_next():
    picture = Landscape(
        X, Y, LOSSES, PATH, marks=ENDS, title="", note="", sides=("", ""), theme="light"
    )
    first = np.asarray(picture.draw("a", 0.5))
    picture.draw("much longer", 2)
    np.testing.assert_array_equal(picture.draw("a", 0.5), first)


def test_a_foot_is_below_the_map():
    changed = np.flatnonzero((drawn(foot="foot") != drawn(foot="other")).any(axis=(1, 2)))
    assert changed.min() > len(drawn()) - 60


def test_marks_too_near_to_others_are_left_out():
    far, near = Mark(at=1, text="epoch 1"), Mark(at=1.97, text="epoch 2")
    np.testing.assert_array_equal(drawn(marks=[ENDS[0], near, ENDS[1]]), drawn())
    assert (drawn(marks=[ENDS[0], far, ENDS[1]]) != drawn()).any()


def test_a_mark_comes_when_the_path_is_there():
    marks = [ENDS[0], Mark(at=1, text="epoch 1"), ENDS[1]]
    np.testing.assert_array_equal(drawn(0.9, marks=marks), drawn(0.9))
    assert (drawn(1, marks=marks) != drawn(1)).any()


@pytest.mark.parametrize(
    ("losses", "levels"),
    [
        ([0.08, 2.4], [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2]),
        ([0.01, 9], [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]),
        ([0.81, 2.1], [0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.1]),
        ([0, np.nan, 5], [1e-5]),
    ],
)
def test_levels_are_round_numbers(losses, levels):
    found = _levels(np.array(losses, float))
    assert set(np.round(levels[:3], 9)) <= set(np.round(found, 9))
    assert all(0 < level <= np.nanmax(losses) for level in found)
    assert found == sorted(found)


@pytest.mark.parametrize(
    "losses", [np.zeros_like(LOSSES), np.ones_like(LOSSES), np.full_like(LOSSES, np.nan)]
)
def test_a_plain_is_drawn(losses):
    assert drawn(losses=losses).shape == drawn().shape


def test_losses_beyond_all_bounds_are_the_highest():
    beyond = LOSSES.copy()
    beyond[0, 0] = np.inf
    image = drawn(losses=beyond)
    assert image.shape == drawn().shape
