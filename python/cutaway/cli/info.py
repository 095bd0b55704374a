"""`cutaway info`: what cutaway found on this machine."""

from __future__ import annotations

import json
import platform
import textwrap
from typing import Any

import click
import numpy as np

from ..backend.choose import cuda_status, isa
from ..errors import DeviceError
from ..threads import default_threads
from ..version import __version__
from .terminal import plain


@click.command("info")
@click.option(
    "--measure", is_flag=True, help="Also measure a thread's peak, and how far the CPUs are apart."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(measure: bool, as_json: bool) -> int:
    """Show what cutaway found on this machine."""
    status = cuda_status()
    gpu = _gpu() if status.usable else {}
    backends = ["cpu", "numpy", *(["cuda"] if status.usable else [])]
    backends += ["cuda-tf32"] if gpu.get("tf32") else []
    threads = default_threads()
    rows = {
        "cutaway": __version__,
        "python": f"{platform.python_version()} ({platform.machine()}, {platform.system()})",
        "numpy": np.__version__,
        "backends": ", ".join(backends),
        "instruction set": isa(),
        "threads": str(threads),
        "cuda": status.text,
    }
    if measure:
        rows |= _measured()
    if as_json:
        print(json.dumps(rows | {"backends": backends, "threads": threads, "gpu": gpu or None}))
        return 0
    if gpu:
        rows |= _in_words(gpu)
    for name, value in rows.items():
        lines = textwrap.wrap(plain(value), 80, break_long_words=False, break_on_hyphens=False)
        print("\n".join(f"{'' if i else name:16} {line}" for i, line in enumerate(lines)))
    return 0


def _gpu() -> dict[str, Any]:
    """Return what a lesson's network would do there: its backend_info(), or {"error": why not}."""
    from ..learn.network import Network

    try:
        return Network((784, 64, 10), backend="cuda").backend_info()
    except DeviceError as error:
        return {"error": f"{error.code}: {error.text}"}


def _in_words(gpu: dict[str, Any]) -> dict[str, str]:
    if "error" in gpu:
        return {"gpu": gpu["error"]}
    together = "in a cluster" if gpu["cluster"] else "through the GPU's memory"
    rows = {
        "gpu": f"{gpu['multiprocessors']} multiprocessors, {gpu['shared'] / 1024:.0f} KB of shared "
        f"memory for a block; up to {gpu['ranks']} blocks work together, {together}",
    }
    plan = gpu["plan"]
    if gpu["fast"]:
        rows["784-64-10"] = (
            f"learns in one launch: {plan['ranks']} blocks of {plan['units']} hidden units, "
            f"{plan['shared'] / 1024:.0f} KB of shared memory each, mini-batches of {plan['batch']}, "
            + ("the next images fetched meanwhile" if plan["stages"] == 2 else "fetched in between")
        )
    else:
        rows["784-64-10"] = f"learns layer by layer: {gpu['why_not']}"
        if gpu["why_not"] == "shared memory":
            rows["784-64-10"] += f" (it would take {plan['shared'] / 1024:.0f} KB)"
    if gpu["refused"]:
        rows["refused"] = "; ".join(gpu["refused"])
    return rows


def _measured() -> dict[str, str]:
    from ..backend.choose import fma_peak, round_trips
    from ..bench.trips import far

    rows = {"peak": f"{fma_peak(0.3):.0f} GFLOP/s, one thread"}
    if trips := round_trips(0.3):
        rows["round trip"] = (
            f"{far([ns for *_, ns in trips])}, a cache line to another CPU and back"
        )
    return rows
