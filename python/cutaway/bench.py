"""The side-by-side comparison: an epoch of lesson 9 by every contender, answers checked on the way."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .contract import F32
from .data import Dataset, mnist
from .loader import DataLoader, RandomSampler
from .network import Network, compiled
from .optimizer import SGD
from .training import fit

_BATCH, _RATE = 64, 5e-3
_CLOSE = 0.003  # how far two contenders' validation accuracies may lie apart
_QUIET = 0.2  # seconds: a BLAS keeps its threads spinning for a while after its last call


def _core_epoch(network: Network, data: Dataset, seed: int) -> None:
    """One epoch through fit(), shuffling and gathering included."""
    fit(network, DataLoader(data, _BATCH, shuffle=True, seed=seed), optimizer=SGD(_RATE), epochs=1)


def _numpy_epoch(weights: list[F32], pixels: F32, targets: F32, seed: int) -> None:
    """The same in clean float32 NumPy: what a careful user writes, updating in place."""
    order = RandomSampler(len(pixels), seed).order()
    (b1, w1), (b2, w2) = ((w[0], w[1:]) for w in weights)
    for start in range(0, len(order), _BATCH):
        numbers = order[start : start + _BATCH]
        x, t = pixels[numbers], targets[numbers]
        a1 = 1 / (1 + np.exp(-(x @ w1 + b1)))
        a2 = 1 / (1 + np.exp(-(a1 @ w2 + b2)))
        d2 = 2 * (a2 - t) * a2 * (1 - a2)
        d1 = (d2 @ w2.T) * a1 * (1 - a1)
        w2 -= _RATE * (a1.T @ d2)
        b2 -= _RATE * d2.sum(axis=0)
        w1 -= _RATE * (x.T @ d1)
        b1 -= _RATE * d1.sum(axis=0)


def run(repeats: int, threads: int | None, talk: Callable[[str], None]) -> dict[str, Any]:
    """Time the contenders in turn.

    Args:
        repeats: Epochs of each that are counted, after one that is not.
        threads: Of the core; None for what the machine allows.
        talk: Is told what happens.

    Returns:
        Medians in seconds per epoch, their ratio, accuracies, and the machine's facts.

    Raises:
        RuntimeError: if the contenders' accuracies disagree.
    """
    train_set, valid_set, _ = mnist()
    network = Network(reduction="sum", threads=threads)
    judge = Network(reduction="sum", threads=threads)
    judge.mean, judge.std = train_set.mean, train_set.std
    weights = [network.get_weights(layer) for layer in range(2)]
    pixels, targets = train_set[:][0], train_set.one_hot()
    contenders: dict[str, Callable[[int], None]] = {
        "cutaway": lambda seed: _core_epoch(network, train_set, seed),
        "numpy": lambda seed: _numpy_epoch(weights, pixels, targets, seed),
    }

    times: dict[str, list[float]] = {name: [] for name in contenders}
    for epoch in range(repeats + 1):
        for name, work in contenders.items():
            time.sleep(_QUIET)
            begin = time.perf_counter()
            work(epoch)
            times[name].append(time.perf_counter() - begin)
        talk(f"epoch {epoch}: " + ", ".join(f"{n} {t[-1]:.4f} s" for n, t in times.items()))

    for layer, values in enumerate(weights):
        judge.set_weights(layer, values)
    accuracy = {
        "cutaway": network.evaluate(valid_set)[1],
        "numpy": judge.evaluate(valid_set)[1],
    }
    if abs(accuracy["cutaway"] - accuracy["numpy"]) > _CLOSE:
        raise RuntimeError(f"bench: the contenders' accuracies disagree: {accuracy}")
    ratios = [n / c for n, c in zip(times["numpy"][1:], times["cutaway"][1:], strict=True)]
    return {
        "what": "one epoch of lesson 9 (784-64-10, batch 64, 50,000 images)",
        "seconds": {name: statistics.median(t[1:]) for name, t in times.items()},
        "times_faster_than_numpy": statistics.median(ratios),
        "accuracy": accuracy,
        "repeats": repeats,
        "threads": network.threads,
        "isa": compiled.isa(),
        "numpy_version": np.__version__,
    }


def table(result: dict[str, Any]) -> str:
    """Return the result as text for people."""
    rows = [
        f"{name:10} {seconds * 1e3:8.1f} ms   accuracy {result['accuracy'][name]:.2%}"
        for name, seconds in result["seconds"].items()
    ]
    return "\n".join(
        [
            f"{result['what']}, median of {result['repeats']}",
            *rows,
            f"cutaway is {result['times_faster_than_numpy']:.1f} times as fast as NumPy "
            f"{result['numpy_version']} ({result['threads']} threads, {result['isa']})",
        ]
    )
