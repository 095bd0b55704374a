"""Memory: how much this process may still take, of the machine, its control groups and its own limit."""

from __future__ import annotations

import math
import os
from pathlib import Path

from .cgroups import groups


def free(root: str | os.PathLike[str] = "/") -> float:
    """Return so many bytes, or infinity where the system does not tell.

    Whoever takes more is ended by the system, which promises more than there is.

    Args:
        root: Where the system's files are.
    """
    top = os.fspath(root)
    limits = [_of_machine()]
    for group in groups(top, "memory"):
        limits += group.numbers("memory.max" if group.unified else "memory.limit_in_bytes")[:1]
    mapped, resident = _taken(top)
    return max(0.0, min(min(limits) - resident, _own_limit() - mapped))


def _of_machine() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def _own_limit() -> float:
    """Return RLIMIT_AS, as of `ulimit -v`."""
    import resource  # when it is asked for, not when cutaway is imported

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return math.inf if limit == resource.RLIM_INFINITY else float(limit)


def _taken(root: str) -> tuple[float, float]:
    """Return the bytes that this process has mapped, and those that are in memory."""
    try:
        pages = (Path(root) / "proc/self/statm").read_text().split()[:2]
    except OSError:
        return 0.0, 0.0
    mapped, resident = (float(n) * os.sysconf("SC_PAGE_SIZE") for n in pages)
    return mapped, resident
