"""Words at the ends of lines do not stand on each other."""

from itertools import pairwise

import numpy as np
import pytest

from cutaway.look.ends import spread


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
