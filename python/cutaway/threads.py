"""How many threads to use: what this process is allowed, not what the machine has."""

from __future__ import annotations

import math
import os
from functools import cache
from typing import TYPE_CHECKING

from . import checks

if TYPE_CHECKING:
    from pathlib import Path

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
    quota = _quota(os.fspath(root))
    limits = [available, math.inf if quota is None else math.ceil(quota)]
    limits.append(_conventional() if anew else _first_conventional())
    return max(1, int(min(limits)))


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
def _quota(top: str) -> float | None:
    """Return the CPUs that cgroup v2 or v1 grants this process, or None for no limit."""
    from pathlib import Path

    root = Path(top)
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = []
    quotas = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":  # v2: "max 100000" or "50000 100000"
            values = _read_up(root / "sys/fs/cgroup", group, "cpu.max")
            quotas += [float(v[0]) / float(v[1]) for v in values if v[0] != "max"]
        elif "cpu" in controllers.split(","):
            base = root / "sys/fs/cgroup/cpu"
            for name in ("cpu", controllers):
                if (root / "sys/fs/cgroup" / name).is_dir():
                    base = root / "sys/fs/cgroup" / name
            times = _read_up(base, group, "cpu.cfs_quota_us")
            periods = _read_up(base, group, "cpu.cfs_period_us")
            for time, period in zip(times, periods, strict=False):
                if float(time[0]) > 0:
                    quotas.append(float(time[0]) / float(period[0]))
    return min(quotas, default=None)


def _read_up(base: Path, group: str, name: str) -> list[list[str]]:
    """Read a limit in a group and in all groups above it; a container sees its own as the top."""
    values = []
    folder = base / group.strip("/")
    for place in (folder, *folder.parents):
        if place.is_relative_to(base) and (place / name).is_file():
            values.append((place / name).read_text().split())
    return values
