"""Samplers: orders of sample numbers, of anything that has a length."""

import pytest

from cutaway import RandomSampler, SequentialSampler


class Five:
    def __len__(self):
        return 5


@pytest.mark.parametrize("make", [SequentialSampler, RandomSampler])
def test_samplers_count_a_number_or_the_length_of_anything(make):
    for n in (5, Five()):
        sampler = make(n)
        assert len(sampler) == 5
        assert sorted(sampler) == sorted(sampler.order()) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match=rf"^{make.__name__}: n must be at least 0, got -1$"):
        make(-1)
