"""A model of a step on many ranks: what one takes, and how they are connected, go in; seconds come out.

A step of a rank is what it finds of its own samples, an exchange, and an update. The first and the last
take as long as a rank alone was measured to take of so many samples; the exchange follows from latency
and bandwidth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Link:
    """How ranks are connected.

    Attributes:
        latency: Seconds of a message of no length.
        bandwidth: Bytes a second.
    """

    latency: float
    bandwidth: float

    def exchange(self, ranks: int, size: float) -> float:
        """Return the seconds in which so many bytes of each rank are summed, and are everywhere.

        Each sends a part to every other, and then what it made of theirs: a reduce-scatter and an
        allgather, as in Thakur, Rabenseifner and Gropp 2005, "Optimization of collective communication
        operations in MPICH".
        """
        return 2 * (ranks - 1) * (self.latency + size / ranks / self.bandwidth)


def largest_share(batch: int, ranks: int) -> float:
    """Return how many samples of a mini-batch the rank has that all wait for, on average.

    Which are whose is chance: the expected largest of `ranks` binomials, by their normal approximation and
    Blom's (1958) for its largest of several.
    """
    mean = batch / ranks
    if ranks == 1:
        return mean
    return mean + math.sqrt(mean) * NormalDist().inv_cdf((ranks - 0.375) / (ranks + 0.25))


def step_seconds(
    batch: int, ranks: int, own: Mapping[int, float], size: float, link: Link
) -> float:
    """Return how long a step takes on so many ranks, by the model.

    Args:
        batch: Samples of a mini-batch.
        ranks: At least 1.
        own: Seconds that a rank alone takes, by its samples; in between it is a straight line.
        size: Bytes of the gradients.
        link: Between the ranks.
    """
    shares = sorted(own)
    alone = float(np.interp(largest_share(batch, ranks), shares, [own[n] for n in shares]))
    return alone + link.exchange(ranks, size)
