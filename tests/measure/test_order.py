"""Order: units sorted by strength, by the class they speak for, by likeness."""

import numpy as np
import pytest

from cutaway import Network
from cutaway.measure.order import ORDERS, movers, order_of, votes

# Four units of two inputs, and what they say to two classes.
FIRST = np.array([[1, 5, 0, 2], [0, 0, 3, 2]], np.float32)
LAST = np.array([[1, 0], [3, -1], [0, 2], [-9, 1]], np.float32)


def test_the_strongest_units_come_first():
    assert order_of([FIRST, LAST], 0, "strength").tolist() == [1, 2, 3, 0]
    assert order_of([FIRST, LAST], 1, "strength").tolist() == [0, 1]


def test_units_that_speak_for_a_class_stand_together_the_strongest_advocate_first():
    assert order_of([FIRST, LAST], 0, "class").tolist() == [1, 0, 2, 3]
    assert order_of([FIRST, LAST], 1, "class").tolist() == [0, 1]  # classes themselves


def test_what_a_unit_says_goes_through_all_later_layers():
    middle = np.array([[0, 1], [1, 0]], np.float32)
    first = np.zeros((3, 2), np.float32)
    last = np.array([[5, 0], [0, 7]], np.float32)
    assert votes([first, middle, last], 0).tolist() == [[0, 7], [5, 0]]
    assert votes([first, middle, last], 1).tolist() == last.tolist()
    assert votes([first, middle, last], 2).tolist() == [[1, 0], [0, 1]]


def test_each_unit_stands_beside_the_one_most_like_it_whatever_their_strength():
    angles = np.radians([0, 50, 10, 40, 180, 20])
    strength = np.array([9, 1, 0.1, 3, 2, 5])
    weights = (strength * np.stack([np.cos(angles), np.sin(angles)])).astype(np.float32)
    assert order_of([weights], 0, "likeness").tolist() == [0, 2, 5, 3, 1, 4]


@pytest.mark.parametrize("by", ORDERS)
def test_every_unit_comes_once_and_equal_ones_keep_their_order(by):
    network = Network((16, 30, 7, 4), backend="numpy")
    for layer, units in enumerate((30, 7, 4)):
        assert sorted(order_of(network.weights, layer, by).tolist()) == list(range(units))
    dead = [np.zeros((4, 5), np.float32), np.zeros((5, 2), np.float32)]
    assert order_of(dead, 0, by).tolist() == [0, 1, 2, 3, 4]


def test_an_unknown_order_is_refused():
    with pytest.raises(
        ValueError, match=r"^order_of: by must be one of 'strength', 'class', 'likeness'"
    ):
        order_of([FIRST], 0, "size")


def test_units_that_moved_farthest_come_from_every_class_first_and_are_sorted_by_class():
    last = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)  # three speak for class 0
    moved = FIRST + np.array([[9, 0, 8, 0], [0, 7, 0, 1]])
    ends = [FIRST, last], [moved, last]
    assert movers(*ends, 2).tolist() == [0, 3]
    assert movers(*ends, 3).tolist() == [0, 2, 3]
    assert movers(*ends, 9).tolist() == [0, 2, 1, 3]
