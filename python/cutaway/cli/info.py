"""`cutaway info`: what cutaway found on this machine."""

from __future__ import annotations

import platform
import textwrap

import click
import numpy as np

from ..backend.choose import cuda_status, isa
from ..threads import default_threads
from ..version import __version__
from .terminal import plain


@click.command("info")
@click.option(
    "--measure", is_flag=True, help="Also measure a thread's peak, and how far the CPUs are apart."
)
def command(measure: bool) -> int:
    """Show what cutaway found on this machine."""
    status = cuda_status()
    rows = {
        "cutaway": __version__,
        "python": f"{platform.python_version()} ({platform.machine()}, {platform.system()})",
        "numpy": np.__version__,
        "backends": "cpu, numpy, cuda" if status.usable else "cpu, numpy",
        "instruction set": isa(),
        "threads": str(default_threads()),
        "cuda": status.text,
    }
    if measure:
        rows |= _measured()
    for name, value in rows.items():
        lines = textwrap.wrap(plain(value), 80, break_long_words=False, break_on_hyphens=False)
        print("\n".join(f"{'' if i else name:16} {line}" for i, line in enumerate(lines)))
    return 0


def _measured() -> dict[str, str]:
    from ..backend.choose import fma_peak, round_trips
    from ..bench.trips import far

    rows = {"peak": f"{fma_peak(0.3):.0f} GFLOP/s, one thread"}
    if trips := round_trips(0.3):
        rows["round trip"] = (
            f"{far([ns for *_, ns in trips])}, a cache line to another CPU and back"
        )
    return rows
