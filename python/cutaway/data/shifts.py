"""Shifts: pictures go in; the same, each moved by some pixels in every way, come out as one Dataset.

A network that sees a digit at another place at every pass learns what it is, and not where.
"""

from __future__ import annotations

from copy import copy
from itertools import product
from typing import cast

import numpy as np

from .. import checks
from .dataset import I64, Dataset
from .samplers import RandomSampler


def check_shift(data: Dataset, most: int) -> None:
    """Raise ValueError if samples are no pictures, or too small to be moved so far."""
    if data.shape is None:
        raise ValueError(f"DataLoader: shift must be 0 for rows that are no pictures, got {most}")
    if most >= min(data.shape):
        size = "{} x {}".format(*data.shape)
        raise ValueError(f"DataLoader: shift must be less than pictures of {size}, got {most}")


def shifted(data: Dataset, most: int) -> Dataset:
    """Return all pictures, moved by up to so many pixels up or down and to either side.

    What comes in at a border is black.

    Returns:
        (2 most + 1)^2 times the samples: number i + m n is picture i of n, moved the m-th way.

    Raises:
        MemoryError: if there is no room.
    """
    shape, n, ways = cast("tuple[int, int]", data.shape), len(data), (2 * most + 1) ** 2
    size = ways * (data.images.nbytes + data.labels.nbytes)
    checks.room("DataLoader", f"{n:,} pictures, moved in {ways} ways,", size)
    black = 0 if data.pixels else -data.mean / data.std
    moved = np.full((ways, n, *shape), black, data.images.dtype)
    pictures = data.images.reshape(n, *shape)
    by = range(-most, most + 1)
    for to, (down, right) in zip(moved, product(by, by), strict=True):
        (to_rows, rows), (to_columns, columns) = _overlap(down), _overlap(right)
        to[:, to_rows, to_columns] = pictures[:, rows, columns]
    result = copy(data)
    result.images, result.labels = moved.reshape(ways * n, -1), np.tile(data.labels, ways)
    return result


def _overlap(by: int) -> tuple[slice, slice]:
    """Return where to put a row that is moved by so many pixels, and what of it."""
    return slice(max(by, 0), min(by, 0) or None), slice(max(-by, 0), min(-by, 0) or None)


class ShiftingSampler(RandomSampler):
    """The orders of a RandomSampler, in numbers of what shifted() makes of its n samples.

    How each sample is moved is drawn evenly, at every pass anew.
    """

    def __init__(self, n: int, most: int, seed: int) -> None:
        super().__init__(n, seed)
        self.ways = (2 * most + 1) ** 2

    def order(self, epoch: int | None = None) -> I64:
        """Return the numbers of a pass, int64 (n,); see RandomSampler."""
        number = self.epoch if epoch is None else epoch
        order = super().order(epoch)
        words = np.random.SeedSequence(self.seed, spawn_key=(number, 1))
        moved: I64 = order + self.n * np.random.default_rng(words).integers(0, self.ways, self.n)
        return moved
