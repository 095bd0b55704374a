"""Thinned: dense at the beginning, round numbers throughout, never more than there is room for."""

import pytest

from cutaway.interop.thinned import Thinned

ROUND = [n * 10**k for k in range(5) for n in (1, 2, 5)]


def kept(last, most):
    thinned = Thinned(most)
    for step in range(last + 1):
        if thinned.wants(step):
            thinned.put(step, str(step))
    return thinned.items()


def test_all_of_the_beginning_is_kept_and_then_ever_less():
    steps = [step for step, _ in kept(30_000, 10_000)]
    assert steps[:41] == list(range(41))
    per_tenfold = [sum(10**k <= step < 10 ** (k + 1) for step in steps) for k in (2, 3)]
    assert per_tenfold == pytest.approx([92, 92], abs=3)  # 40 log 10
    assert {*ROUND} & {*range(30_001)} <= {*steps}


@pytest.mark.parametrize("most", [2, 5, 50, 200])
def test_there_are_never_more_than_there_is_room_for(most):
    items = kept(30_000, most)
    assert most / 2 <= len(items) <= most
    assert items[0] == (0, "0")
    assert [step for step, _ in items] == sorted({step for step, _ in items})
    assert all(value == str(step) for step, value in items)


def test_round_numbers_and_what_is_pinned_stay_when_room_is_short():
    steps = [step for step, _ in kept(30_000, 50)]
    assert {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000} <= {*steps}
    thinned = Thinned(40)
    for step in range(3000):
        if thinned.wants(step) or step == 777:
            thinned.put(step, step, pinned=step == 777)
    assert 777 in dict(thinned.items())
