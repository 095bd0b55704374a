"""An earlier run: its folder, or a model alone, goes in; its network, history and moments come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..files import read_json
from ..foreign.stored import read_stored
from ..foreign.tensors import is_own
from ..learn.checkpoint import load
from ..learn.history import History, Moment
from ..learn.network import Network
from ..learn.others import network_of
from .outputs import HISTORY, MODEL, MOMENTS
from .workplace import settle


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What an earlier run left.

    Attributes:
        network: As it ended.
        moments: Those that were kept, the start first and the end last; of a model's file alone, the end.
            Losses are those of the mini-batches since the last one that was kept.
        history: Empty of a model's file alone.
        accuracies: On the validation set, by mini-batch.
        data: What the history tells of the data: for source.read_again().
        recipe: What it tells of the recipe; empty of a model's file alone.
        seed: Of start weights and shuffling.
        verdict: How it went, in a sentence; "" if that is not known.
    """

    network: Network
    moments: list[Moment]
    history: History = field(default_factory=History)
    accuracies: dict[int, float] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    verdict: str = ""


def model_of(path: Path) -> Path:
    """Return the model's file: of a run's folder the one in it, which is whole."""
    if not path.is_dir():
        return path
    settle(path)
    return path / MODEL


def read_run(path: Path, told: Mapping[str, Any] | None = None) -> Earlier:
    """Read an earlier run.

    Args:
        path: Its folder, or a model's file.
        told: What is told of a model's file, as for network_of(); None if one of another library's is
            not enough, for the training itself is asked about.

    Raises:
        ValueError: if a file is damaged, or does not tell enough.
        OSError: if one cannot be read.
    """
    if not path.is_dir() and told is not None:
        network = network_of(model=path, backend="cpu", **told)
    elif path.is_dir() or is_own(path):
        network = load(model_of(path), backend="cpu")
    else:
        raise ValueError(
            f"{path}: must be a folder of cutaway train, which keeps the moments of a training, got a file"
        )
    if not path.is_dir():
        return Earlier(network=network, moments=[moment_of(network)])
    try:
        told = read_json(path / HISTORY)
        losses, per_sample = told["losses"], told.get("sample_losses") or told["losses"]
        history = History(
            losses=losses, epochs=told["epochs"], sample_losses=per_sample,
            seconds=sum(epoch.get("seconds", 0.0) for epoch in told["epochs"]),
            classes=network.architecture.sizes[-1],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path / HISTORY}: is no history of a run: {error}") from None
    earlier = Earlier(
        network=network, moments=[moment_of(network, history)], history=history,
        data=told.get("data") or {}, recipe=told.get("lesson") or {}, seed=told.get("seed", 0),
        verdict=told.get("verdict") or "",
    )  # fmt: skip
    if not (path / MOMENTS).exists():  # of version 0.1.0
        return earlier
    moments, accuracies = _read_moments(path / MOMENTS, network, history)
    return replace(earlier, moments=moments, accuracies=accuracies)


def moment_of(network: Network, history: History | None = None) -> Moment:
    """Return a network as the only Moment of its training."""
    losses = history.losses if history else []
    return Moment(
        epoch=len(history.epochs) if history else 0, step=len(losses),
        losses=np.array(losses, np.float32), weights=network.weights, biases=network.biases,
        metrics={}, seconds=0.0, shape=network.shape,
    )  # fmt: skip


def _read_moments(
    path: Path, network: Network, history: History
) -> tuple[list[Moment], dict[int, float]]:
    try:
        tensors = read_stored("load", path).tensors
        layers = [tensors[f"layer.{l}"] for l in range(network.architecture.layers)]
        for l, layer in enumerate(layers):
            if layer.shape[1:] != network.get_weights(l).shape:
                raise ValueError(f"layer {l} has shape {layer.shape[1:]}")
        accuracies = dict(
            zip(tensors["accuracy.step"].tolist(), tensors["accuracy"].tolist(), strict=True)
        )
        moments, before = [], 0
        for number, (epoch, step) in enumerate(
            zip(tensors["epoch"].tolist(), tensors["step"].tolist(), strict=True)
        ):
            values = [layer[number].astype(np.float32) for layer in layers]
            moments.append(
                Moment(
                    epoch=epoch, step=step,
                    losses=np.array(history.losses[before:step], np.float32),
                    sample_losses=np.array(history.sample_losses[before:step], np.float32),
                    weights=tuple(v[1:] for v in values), biases=tuple(v[0] for v in values),
                    metrics={}, seconds=0.0, shape=network.shape,
                )
            )  # fmt: skip
            before = step
        # In full precision: it is the model itself.
        moments[-1] = replace(moments[-1], weights=network.weights, biases=network.biases)
    except (KeyError, ValueError, IndexError) as error:
        raise ValueError(f"{path}: holds no moments of this run: {error}") from None
    return moments, accuracies
