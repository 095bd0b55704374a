"""How many threads to use: what this process is allowed, not what the machine has."""

from __future__ import annotations

import math
import os
from functools import cache

from . import checks, errors
from .cgroups import groups

MOST_THREADS = 1024
CONVENTIONAL = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def default_threads(root: str | os.PathLike[str] = "/", *, anew: bool = True) -> int:
    """Return CUTAWAY_NUM_THREADS if set, else the CPUs that affinity and container quota allow.

    Of these, no more than OMP_NUM_THREADS, or else MKL_NUM_THREADS or OPENBLAS_NUM_THREADS, says:
    joblib's workers and batch systems set them so that processes share a machine.

    Args:
        root: Where the system's files are.
        anew: Look at the field's variables again; False for what takes microseconds itself.

    Raises:
        ValueError: if CUTAWAY_NUM_THREADS is not an integer from 1 to MOST_THREADS.
    """
    text = os.environ.get("CUTAWAY_NUM_THREADS")
    if text:
        if not text.strip().isdecimal():
            raise ValueError(f"CUTAWAY_NUM_THREADS must be an integer of at least 1, got {text!r}")
        return checks.count("cutaway", "CUTAWAY_NUM_THREADS", int(text), most=MOST_THREADS)
    everywhere = not hasattr(os, "sched_getaffinity")
    available = os.cpu_count() or 1 if everywhere else len(os.sched_getaffinity(0))
    conventional = _conventional() if anew else _first_conventional()
    return max(1, math.ceil(min(available, _quota(os.fspath(root)), conventional)))


def tell_fewer(asked: int, granted: int, why: str) -> None:
    """Warn that the system grants fewer threads than were asked for; the core calls this.

    Args:
        asked: Threads of a network, or of a product.
        granted: Of them.
        why: What the system says.
    """
    errors.warn(
        f"cutaway: {asked} threads were asked for and {granted} could be started ({why}): "
        "the results are the same, later",
        RuntimeWarning,
    )


def _conventional() -> float:
    """Return the first number of the first variable of the field that has one; else infinity.

    OpenMP allows a list, "4,2": threads of the outer loop, of loops inside. What is no number from 1
    up is meant for others, as it is to them.
    """
    for name in CONVENTIONAL:
        first = os.environ.get(name, "").partition(",")[0].strip()
        if first.isdecimal() and (digits := first.lstrip("0")):
            return float(digits)
    return math.inf


_first_conventional = cache(_conventional)  # for good, as OpenMP reads them


@cache  # to look takes longer than many a product
def _quota(root: str) -> float:
    """Return the CPUs that cgroup v2 or v1 grants this process, or infinity for no limit."""
    quotas = [math.inf]
    for group in groups(root, "cpu"):
        if group.unified:  # "max 100000" or "50000 100000"
            times = group.numbers("cpu.max")
        else:
            times = group.numbers("cpu.cfs_quota_us") + group.numbers("cpu.cfs_period_us")
        if len(times) == 2 and min(times) > 0:  # else there is no limit, or none that can be
            quotas.append(times[0] / times[1])
    return min(quotas)
