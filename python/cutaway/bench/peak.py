"""The hardware's limit: one thread's peak, what an epoch reaches of it, what a second thread adds.

How far the CPUs are from each other tells why: threads that make a step together wait for it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..backend import choose
from ..data.dataset import Dataset
from ..data.loader import DataLoader
from ..data.read import mnist
from ..learn.network import Network
from ..learn.recipes import RECIPES
from ..learn.training import fit
from .rounds import Setting, Times, alternate, gather, medians, ratios
from .section import Bar, Part, Row, Section
from .trips import far, gather_trips

_PEAK_SECONDS = 0.2


def flops(sizes: tuple[int, ...]) -> int:
    """Return the floating-point operations per sample of a step: products alone, zeros counted.

    Forward and weight gradient everywhere, the gradient towards the pixels nowhere.
    """
    products = [fan_in * fan_out for fan_in, fan_out in pairwise(sizes)]
    return 2 * (2 * products[0] + 3 * sum(products[1:]))


def measure(setting: Setting) -> Iterator[Part]:
    """Measure the peak and epochs of lesson 9; yield the result so far after every round."""
    recipe = RECIPES["lesson9"]
    ink, valid_set, _ = mnist()
    dense = Dataset(np.maximum(ink.images, 1), ink.labels)  # no zero that could be skipped
    sizes = (dense.images.shape[1], *recipe.hidden, valid_set.classes)
    work = len(dense) * flops(sizes)

    def network_of(threads: int) -> Network:
        return recipe.make_network(sizes[0], sizes[-1], backend="cpu", threads=threads)

    epochs = {
        (kind, threads): _epoch(data, network_of(threads))
        for kind, data in (("dense", dense), ("mnist", ink))
        for threads in sorted({1, setting.threads})
    }

    def beside_the_peak(number: int) -> tuple[float, float]:
        return choose.fma_peak(_PEAK_SECONDS), epochs["dense", 1](number)

    works: dict[str, Callable[[int], Any]] = {"peak": beside_the_peak}
    for kind, threads in epochs:
        if (kind, threads) != ("dense", 1):
            works[_key(kind, threads)] = epochs[kind, threads]
    times: Times = {}
    peaks: list[float] = []
    trips: Times = {}
    for row in alternate(works, setting):
        peak, row[_key("dense", 1)] = row.pop("peak")
        peaks.append(peak)
        gather_trips(trips)
        gather(times, row)
        reached = [1e-9 * work / seconds for seconds in times[_key("dense", 1)]]
        result = {
            "what": "one thread's peak, and beside it lesson 9 on images without zeros",
            "rounds": len(peaks),
            "peak_gflops": statistics.median(peaks),
            "dense_gflops": statistics.median(reached),
            "efficiency": statistics.median(reached) / statistics.median(peaks),
            "threads": setting.threads,
            "seconds": medians(times),
            "times": times,
            "peaks": peaks,
            "round_trip_ns": medians(trips),
        }
        if setting.threads > 1:
            result["speedup"] = {
                kind: ratios(times, _key(kind, setting.threads))[_key(kind, 1)]
                for kind in ("dense", "mnist")
            }
        yield result


def _key(kind: str, threads: int) -> str:
    return f"{kind}, {threads} thread{'s' if threads > 1 else ''}"


def _epoch(data: Dataset, network: Network) -> Callable[[int], float]:
    recipe = RECIPES["lesson9"]
    optimizer = recipe.make_optimizer()

    def epoch(seed: int) -> float:
        loader = DataLoader(data, recipe.batch_size, shuffle=True, seed=seed)
        begin = time.perf_counter()
        fit(network, loader, optimizer=optimizer, epochs=1)
        return time.perf_counter() - begin

    return epoch


def rows(part: Part) -> list[Row]:
    """Return the peak, what lesson 9 reaches of it, and what more threads add."""
    result: list[Row] = [
        ["peak of one thread", f"{part['peak_gflops']:.1f} GFLOP/s", ""],
        [
            "lesson 9, one thread",
            f"{part['dense_gflops']:.1f} GFLOP/s",
            f"{part['efficiency']:.1%} of the peak",
        ],
    ]
    if trips := part.get("round_trip_ns"):
        result.append(["a cache line to another CPU and back", far(trips.values()), ""])
    for kind, ratio in part.get("speedup", {}).items():
        images = "without zeros" if kind == "dense" else "of MNIST"
        label = f"{part['threads']} threads against 1, images {images}"
        result.append([label, f"{ratio:.2f} times as fast", ""])
    return result


def bars(part: Part) -> list[Bar]:
    """Return lesson 9's GFLOP/s, and the peak."""
    peak, dense = part["peak_gflops"], part["dense_gflops"]
    reached = f"{dense:.0f}, {part['efficiency']:.0%} of the peak"
    return [
        Bar("lesson 9", dense, reached, own=True),
        Bar("the peak", peak, f"{peak:.0f}", own=False),
    ]


SECTION = Section(
    title="GFLOP/s of one thread", run=measure, rows=rows, bars=bars, contenders=("cutaway",)
)
