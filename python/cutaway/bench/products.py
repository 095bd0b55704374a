"""Matrix products side by side, over the sheet of sizes; every product is checked."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.functions import matmul
from .libraries import full_name, short_name
from .rounds import Call, Setting, Times, alternate, clock, gather, loops_of, medians, ratios
from .section import Bar, Part, Row, Section

SIZES = (  # (B, M, K, N), or (M, K, N) for a single product
    (100_000, 4, 4, 4),
    (10_000, 8, 8, 8),
    (10_000, 16, 16, 16),
    (4000, 28, 28, 28),
    (2000, 32, 32, 32),
    (500, 64, 64, 64),
    (64, 64, 784, 64),
    (64, 128, 128, 128),
    (16, 256, 256, 256),
    (64, 784, 64),
    (784, 64, 64),
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (10_000, 784, 64),
)
CONTENDERS = ("cutaway", "numpy", "torch", "jax")
_CLOSE = 1e-5  # relative error, by norm, against float64

F32 = NDArray[np.float32]


def _calls(names: list[str], a: F32, b: F32) -> dict[str, Call]:
    """Return by contender what computes a @ b: into a buffer where it can be told to."""
    calls: dict[str, Call] = {}
    out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32)
    if "cutaway" in names:
        calls["cutaway"] = lambda: matmul(a, b, out=out)
    if "numpy" in names:
        calls["numpy"] = lambda: np.matmul(a, b, out=out)
    if "torch" in names:
        import torch

        x, y, z = (torch.from_numpy(array) for array in (a, b, out))
        calls["torch"] = lambda: torch.matmul(x, y, out=z)
    if "jax" in names:
        import jax

        product, u, v = jax.jit(jax.numpy.matmul), jax.numpy.asarray(a), jax.numpy.asarray(b)
        calls["jax"] = lambda: product(u, v).block_until_ready()
    return calls


def _check(size: tuple[int, ...], name: str, product: Any, exact: NDArray[np.float64]) -> None:
    error = np.linalg.norm(np.asarray(product) - exact) / np.linalg.norm(exact)
    if not error <= _CLOSE:
        raise RuntimeError(f"the product {size} by {name} is wrong: relative error {error:.1e}")


def measure(setting: Setting) -> Iterator[Part]:
    """Time all sizes by all contenders in turn; yield the result so far after every round.

    Raises:
        RuntimeError: if a product is wrong.
    """
    names = setting.among(CONTENDERS)
    rng = np.random.default_rng(0)
    calls: list[dict[str, Call]] = []
    loops: list[dict[str, int]] = []
    for size in SIZES:
        *stack, m, k, n = size
        a = rng.standard_normal((*stack, m, k), np.float32)
        b = rng.standard_normal((*stack, k, n), np.float32)
        exact = a.astype(np.float64) @ b.astype(np.float64)
        calls.append(_calls(names, a, b))
        for name, call in calls[-1].items():
            _check(size, name, call(), exact)
        loops.append({name: loops_of(call) for name, call in calls[-1].items()})

    def sheet(name: str) -> Callable[[int], list[float]]:
        """Return what times all sizes by one contender."""
        return lambda _: [clock(c[name], l[name]) for c, l in zip(calls, loops, strict=True)]

    times: list[Times] = [{} for _ in SIZES]
    for row in alternate({name: sheet(name) for name in names}, setting):
        for i in range(len(SIZES)):
            gather(times[i], {name: row[name][i] for name in names})
        yield {
            "what": "products of float32 matrices, GFLOP/s",
            "rounds": len(times[0]["cutaway"]),
            "sizes": [rated(s, t) for s, t in zip(SIZES, times, strict=True)],
        }


def rated(size: tuple[int, ...], times: Times) -> dict[str, Any]:
    """Return what the times of a size say: GFLOP/s, and cutaway against the fastest other."""
    seconds, against = medians(times), ratios(times, "cutaway")
    best = min(against, key=lambda name: against[name], default=None)
    return {
        "size": list(size),
        "gflops": {name: 2e-9 * math.prod(size) / value for name, value in seconds.items()},
        "ratios": against,
        "best_peer": best,
        "ratio_to_best_peer": against[best] if best else None,
        "seconds": seconds,
        "times": times,
    }


def rows(part: Part) -> list[Row]:
    """Return a row for every size."""
    names = list(part["sizes"][0]["gflops"])
    result: list[Row] = [["B x M x K x N", *map(short_name, names), "cutaway is"]]
    against = []
    for size in part["sizes"]:
        rating = ""
        if best := size["best_peer"]:
            against.append(size["ratio_to_best_peer"])
            rating = f"{against[-1]:.2f} times {short_name(best)}"
        result.append([_label(size), *(f"{size['gflops'][name]:.1f}" for name in names), rating])
    if against:
        result.append(
            f"against the fastest other: {min(against):.2f} to {max(against):.2f} times as fast, "
            f"median {statistics.median(against):.2f}"
        )
    return result


def bars(part: Part) -> list[Bar]:
    """Return a bar for every size: against the fastest other, or GFLOP/s if there is none."""
    return [_bar(size) for size in part["sizes"]]


def _bar(size: dict[str, Any]) -> Bar:
    best, own = size["best_peer"], size["gflops"]["cutaway"]
    if best is None:
        return Bar(_label(size), own, f"{own:.1f} GFLOP/s", own=True)
    ratio = size["ratio_to_best_peer"]
    return Bar(_label(size), ratio, f"{ratio:.2f}x {full_name(best)}", own=True)


def _label(size: dict[str, Any]) -> str:
    return " x ".join(map(str, size["size"]))


def line(part: Part) -> float | None:
    """Return the length of a bar that is as good as the fastest other."""
    return 1.0 if part["sizes"][0]["best_peer"] else None


SECTION = Section(
    title="matrix products, against the fastest other",
    run=measure,
    rows=rows,
    bars=bars,
    line=line,
    contenders=CONTENDERS,
)
