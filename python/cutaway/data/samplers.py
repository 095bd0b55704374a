"""Samplers: how many samples there are goes in, orders of their numbers come out, pass after pass.

Names and behaviour are PyTorch's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np

from .. import checks
from ..reprs import short_repr
from .dataset import I64


def _length(who: str, n: int | Sized) -> int:
    if isinstance(n, Sized):
        return checks.length(who, "n", n)
    return checks.count(who, "n", n, least=0)


@short_repr
class SequentialSampler:
    """Sample numbers 0, 1, ..., n - 1. `n` is a number or anything with a length."""

    def __init__(self, n: int | Sized) -> None:
        self.n = _length("SequentialSampler", n)

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))

    def order(self, epoch: int | None = None) -> I64:
        """Return the sample numbers of a pass, int64 (n,): the same for every one."""
        if epoch is not None:
            checks.count("order", "epoch", epoch, 0)
        checks.room("order", f"{self.n} sample numbers", 8 * self.n)
        return np.arange(self.n)

    def __repr__(self) -> str:
        return f"SequentialSampler({self.n})"


@short_repr
class RandomSampler:
    """Sample numbers in a new random order at every pass, which its seed and its number determine.

    Attributes:
        epoch: The number of the next pass, from 0. To go on from a pass is to set it.
    """

    def __init__(self, n: int | Sized, seed: int = 0) -> None:
        self.n = _length("RandomSampler", n)
        self.seed = checks.count("RandomSampler", "seed", seed, 0)
        self.epoch = 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def order(self, epoch: int | None = None) -> I64:
        """Return the sample numbers of a pass, int64 (n,).

        Args:
            epoch: Which pass, from 0; if None, the next one, after which comes another.
        """
        number = checks.count("order", "epoch", self.epoch if epoch is None else epoch, 0)
        if epoch is None:
            self.epoch = number + 1
        checks.room("order", f"{self.n} sample numbers", 8 * self.n)
        words = np.random.SeedSequence(self.seed, spawn_key=(number,))
        return np.random.default_rng(words).permutation(self.n)

    def __repr__(self) -> str:
        return f"RandomSampler({self.n}, seed={self.seed}, epoch={self.epoch})"
