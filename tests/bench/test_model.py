"""The model of a step on many ranks: shares of samples, and messages."""

import numpy as np
import pytest

from cutaway.bench.model import Link, largest_share, step_seconds

LINK = Link(latency=1e-5, bandwidth=1e9)


@pytest.mark.parametrize("ranks", [2, 4, 16])
@pytest.mark.parametrize("batch", [64, 4096])
def test_the_largest_share_is_that_of_samples_that_are_dealt_out_by_chance(batch, ranks):
    dealt = np.random.default_rng(0).multinomial(batch, [1 / ranks] * ranks, 20_000).max(axis=1)
    assert largest_share(batch, ranks) == pytest.approx(dealt.mean(), rel=0.05)


def test_one_rank_has_all_samples_and_sends_no_message():
    assert largest_share(64, 1) == 64
    assert step_seconds(64, 1, {1: 1.0, 64: 3.0}, 1e9, LINK) == 3.0


def test_an_exchange_takes_its_messages_and_its_bytes():
    short, long = LINK.exchange(2, 0), LINK.exchange(2, 1e9)
    assert short == pytest.approx(2e-5)  # there, and back
    assert long - short == pytest.approx(1.0)  # half of the bytes in each of two messages


def test_many_ranks_send_nearly_twice_the_bytes_and_not_more():
    sizes = [Link(latency=0.0, bandwidth=1e9).exchange(ranks, 1e9) for ranks in (2, 4, 1000)]
    assert sizes == pytest.approx([1.0, 1.5, 1.998])


def test_between_the_measured_shares_is_a_straight_line():
    own = {1: 1.0, 101: 2.0, 1001: 20.0}
    share = largest_share(1000, 2)
    free = Link(latency=0.0, bandwidth=1e30)
    assert step_seconds(1000, 2, own, 1.0, free) == pytest.approx(2 + (share - 101) / 50)
