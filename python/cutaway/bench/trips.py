"""Round trips: how long a cache line takes from one CPU to another and back, told beside what it decides.

On a rented machine that comes and goes: the host moves a CPU to another part of the chip.
"""

from __future__ import annotations

from collections.abc import Collection

from ..backend import choose
from .rounds import Times

_SECONDS = 0.05


def gather_trips(trips: Times) -> None:
    """Append the nanoseconds of a round trip between each pair of CPUs, "0-1" and so on, as of now."""
    for one, other, ns in choose.round_trips(_SECONDS):
        trips.setdefault(f"{min(one, other)}-{max(one, other)}", []).append(ns)


def far(trips: Collection[float]) -> str:
    """Return round trips in words: from the shortest to the longest."""
    shortest, longest = f"{min(trips):.0f}", f"{max(trips):.0f}"
    return f"{shortest} ns" if shortest == longest else f"{shortest} to {longest} ns"
