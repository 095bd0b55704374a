"""Page: a run's network, moments and history go in; its story in arrays comes out, for a page to show.

The core itself answers for the samples in it, so that the page can prove that it calculates as the core.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.contract import F32
from ..data.dataset import Dataset
from ..learn.history import History, Moment
from ..learn.network import Network
from ..learn.rows import spread_as_bytes
from ..look.page.page import Page, Samples, Story, page
from ..look.tiles import tile_shape
from ..measure.evidence import activations, inputs, paper_of
from .kept import Kept
from .result import names_of_classes

ROOM = 4_000_000  # bytes of all moments' weights, about
_SAMPLES, _ROOM_OF_SAMPLES, _PROBES = 500, 400_000, 8


def page_of(
    network: Network,
    moments: Sequence[Moment],
    *,
    history: History | None = None,
    accuracies: Mapping[int, float] | None = None,
    test: Dataset | None = None,
    about: Mapping[str, Any] | None = None,
    told: str = "",
) -> Page:
    """Return the page of a run.

    Args:
        network: As it ended.
        moments: From the start to the end. From the first on whose weights are not finite, they are left
            out, and that is told.
        history: Of the run.
        accuracies: On the validation set, by mini-batch.
        test: The samples that are shown; None for none.
        about: What the history tells of the data: Source.about().
        told: How the run went.

    Raises:
        ValueError: if no moment is finite.
    """
    finite = _finite(moments)
    if len(finite) < len(moments):
        told = f"diverged after mini-batch {finite[-1].step:,}: shown is what came before"
    chosen = _fitting(finite)
    last = _as_at(network, chosen[-1])
    samples = _samples(last, test) if test is not None else _probes(last)
    losses = history.sample_losses[: chosen[-1].step] if history else []
    sizes = network.architecture.sizes
    return page(
        Story(
            title=_title(network, about or {}), told=told, sizes=sizes,
            activations=network.architecture.activations, names=names_of_classes(network),
            shape=_shape(network),
            steps=[moment.step for moment in chosen], epochs=[moment.epoch for moment in chosen],
            layers=[
                [np.vstack([m.biases[l], m.weights[l]]) for m in chosen] for l in range(len(sizes) - 1)
            ],
            samples=samples, paper=paper_of(network), full=_full(network, samples),
            losses=losses, accuracies=accuracies or {},
        )
    )  # fmt: skip


def moments_of(kept: Kept, network: Network) -> list[Moment]:
    """Return what a run has kept as Moments, the last in full precision: it is the network itself."""
    moments = [
        Moment(
            epoch=epoch, step=step, losses=np.zeros(0, np.float32), metrics={}, seconds=0.0,
            weights=tuple(layer[1:].astype(np.float32) for layer in layers),
            biases=tuple(layer[0].astype(np.float32) for layer in layers),
        )
        for step, (epoch, layers) in kept.moments.items()
    ]  # fmt: skip
    return [*moments[:-1], replace(moments[-1], weights=network.weights, biases=network.biases)]


def _title(network: Network, about: Mapping[str, Any]) -> str:
    """Return what was trained on what."""
    sizes = "-".join(map(str, network.architecture.sizes))
    name = "MNIST" if about.get("name") == "mnist" else Path(str(about.get("path") or "")).name
    return f"{sizes} on {name}" if name else sizes


def _finite(moments: Sequence[Moment]) -> list[Moment]:
    """Return the moments before the first whose weights are not finite."""
    kept: list[Moment] = []
    for moment in moments:
        if not all(np.isfinite(w).all() for w in (*moment.weights, *moment.biases)):
            break
        kept.append(moment)
    if not kept:
        raise ValueError("page: network must have finite weights, got one that diverged")
    return kept


def _fitting(moments: Sequence[Moment]) -> list[Moment]:
    """Return as many moments as have room, the first and the last among them."""
    last = moments[-1]
    size = sum(w.size + b.size for w, b in zip(last.weights, last.biases, strict=True))
    most = max(2, ROOM // size)
    places = np.linspace(0, len(moments) - 1, min(most, len(moments))).round().astype(int)
    return [moments[place] for place in places]


def _as_at(network: Network, moment: Moment) -> Network:
    """Return a network with the weights of a moment."""
    other = copy.deepcopy(network)
    for l, (weights, biases) in enumerate(zip(moment.weights, moment.biases, strict=True)):
        other.set_weights(l, np.vstack([biases, weights]))
    return other


def _shape(network: Network) -> tuple[int, int] | None:
    """Return (height, width) of the inputs, as tiles have them; None if they are no picture."""
    shape = tile_shape("page", network.weights[0], network.shape)
    return None if shape[0] == 1 else shape


def _samples(network: Network, test: Dataset) -> Samples:
    """Return some samples, evenly from all, with the network's outputs."""
    most = max(20, min(_SAMPLES, _ROOM_OF_SAMPLES // test.images.shape[1]))
    count = min(most, len(test))
    numbers = np.arange(count) * len(test) // count
    some = test.subset(numbers)
    x = inputs("page", network, some)
    as_bytes = some.images.dtype == np.uint8 and network.pixels
    scale = (network.mean or 0.0, network.std or 1.0) if as_bytes else (0.0, 1.0)
    shown: NDArray[Any] = some.images if as_bytes else x
    return Samples(
        x=shown, numbers=numbers, labels=some.labels, outputs=activations(network, x)[-1],
        mean=scale[0], std=scale[1],
    )  # fmt: skip


def _probes(network: Network) -> Samples:
    """Return rows of noise, without labels, with the network's outputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(_PROBES, network.architecture.sizes[0])).astype(np.float32)
    none = np.zeros(0, np.int64)
    return Samples(x=x, numbers=none, labels=none, outputs=activations(network, x)[-1])


def _full(network: Network, samples: Samples) -> float | None:
    """Return what full ink is to the first layer; None if nothing can be drawn."""
    if _shape(network) is None:
        return None
    mean, std = network.mean or 0.0, network.std or 1.0
    if network.pixels and spread_as_bytes(mean, std):
        paper: F32 | float = paper_of(network) * std + mean
        return ((0.0 if paper > 127 else 255.0) - mean) / std
    if not len(samples.labels):
        return None
    highest, lowest = float(samples.x.max()), float(samples.x.min())
    return highest if lowest >= paper_of(network) and highest > lowest else None
