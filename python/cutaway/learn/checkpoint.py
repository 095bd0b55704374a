"""Checkpoints: a network goes to a safetensors file and comes back, to the bit.

The tensors are those of `state_dict()`, so other tools read the file as it is; the optimizer's memory
stands beside them under "optimizer.". What else a network is stands as JSON in the file's metadata, and
`foreign/tensors.py` seals it. A path that ends in .onnx is handed to `interop/onnx.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backend.choose import check_backend
from ..backend.contract import Architecture
from ..backend.optimizer import SGD, Adam
from ..data.labels import check_names
from ..errors import CheckpointError, warn
from ..files import MARK, replacing
from ..foreign.tensors import OPTIMIZER, TRAINING, UNFIT, no_network, packed, unpacked
from ..threads import MOST_THREADS
from .network import Network, check_network


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Save a network: weights, architecture, what it knows of its data, optimizer and memory.

    Args:
        network: That is kept.
        path: A safetensors file. If it ends in .onnx, a graph for ONNX runtimes, without the optimizer:
            input "x" (n, features), uint8 and normalised within if the network learned from pixels,
            else float32; output "output" (n, classes).

    Raises:
        ModuleNotFoundError: if onnx is not installed, for such a file.
        OSError: if the file cannot be written; an older file of that name is untouched then.

    Warns:
        UserWarning: if the network has diverged: it is kept all the same, to be looked at.
    """
    check_network("save", network)
    path = checks.path("save", "path", path)
    if path.suffix.lower() == ".onnx":
        from ..interop.onnx import save_onnx

        save_onnx("save", network, path)
    else:
        save_with(network, path)


def save_with(
    network: Network,
    path: Path,
    more: Mapping[str, NDArray[Any]] | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Save a network, and beside it what else there is to tell of its training.

    Args:
        network: As for save(), as path.
        path: Of the file.
        more: Arrays by name.
        training: What JSON can hold.
    """
    with network._core.turn:  # all is of one moment, whoever trains it
        tensors: dict[str, Any] = dict(network.state_dict())
        memory, used = network.optimizer_state(), network.optimizer
    optimizer = None
    if used is not None:
        optimizer = {"name": used.name, **dataclasses.asdict(used)}
        for name, values in memory.items():
            tensors[OPTIMIZER + name] = np.asarray(values)
    _tell_of_divergence("save", path, tensors)
    tensors.update({TRAINING + name: values for name, values in (more or {}).items()})
    about = {
        "architecture": dataclasses.asdict(network.architecture),
        "mean": network.mean,
        "std": network.std,
        "pixels": network.pixels,
        "shape": network.shape,
        "class_names": network.class_names,
        "whole": network.whole,
        "of_others": network._of_others,
        "optimizer": optimizer,
    }
    metadata = {
        "cutaway": MARK,
        "network": json.dumps(about, default=float),
    }  # NumPy's numbers, too
    if training is not None:
        metadata["training"] = json.dumps(training)
    data = packed(tensors, metadata)
    with replacing(path) as partial:
        partial.write_bytes(data)


def load(
    path: str | os.PathLike[str], *, backend: str = "auto", threads: int | None = None
) -> Network:
    """Load a network that save() wrote; `backend` and `threads` as for Network.

    Raises:
        CheckpointError: (a ValueError) if the file is damaged, or is no checkpoint of cutaway.
        OSError: if it cannot be read, or is no regular file.

    Warns:
        UserWarning: if the network had diverged when it was saved.
    """
    path = checks.path("load", "path", path)
    check_backend("load", backend)
    if threads is not None:
        checks.count("load", "threads", threads, most=MOST_THREADS)
    return load_with("load", path, backend, threads)[0]


def load_with(
    who: str, path: Path, backend: str, threads: int | None
) -> tuple[Network, dict[str, NDArray[Any]], Any]:
    """Load what save_with() wrote; `who` begins the sentence of an error.

    Returns:
        The network; the other arrays by name; what is told of the training, None if nothing is.
    """
    about, tensors, metadata = unpacked(who, path)
    if about is None:
        raise CheckpointError(
            f"{who}: {os.fspath(path)} is no checkpoint of cutaway: it describes no network; "
            "Network.from_model takes the weights of others"
        )
    try:
        more = {
            name.removeprefix(TRAINING): tensors.pop(name)
            for name in [*tensors]
            if name.startswith(TRAINING)
        }
        sizes = about["architecture"]["sizes"]
        held = sum(values.size for values in tensors.values())
        if sum((1 + fan_in) * fan_out for fan_in, fan_out in pairwise(sizes)) > held:
            raise TypeError(f"sizes {sizes} are not those of the tensors")  # before memory is taken
        _tell_of_divergence(who, path, tensors)
        training = json.loads(metadata.get("training", "null"))
        return _network(about, tensors, backend, threads), more, training
    except UNFIT as error:
        raise no_network(who, path, error) from None


def _tell_of_divergence(
    who: str, path: str | os.PathLike[str], tensors: dict[str, NDArray[Any]]
) -> None:
    bad = [name for name, values in tensors.items() if not np.isfinite(values).all()]
    if bad:
        warn(
            f"{who}: the network of {os.fspath(path)} has diverged: {bad[0]} is not finite; "
            "train it anew, with a smaller lr"
        )


def _network(
    about: dict[str, Any], tensors: dict[str, Any], backend: str, threads: int | None
) -> Network:
    architecture = Architecture(**about["architecture"])
    network = Network(**architecture.arguments(), backend=backend, threads=threads)
    memory = {
        name.removeprefix(OPTIMIZER): values
        for name, values in tensors.items()
        if name.startswith(OPTIMIZER)
    }
    weights = {name: v for name, v in tensors.items() if not name.startswith(OPTIMIZER)}
    network.load_state_dict(weights, finite=False)
    if about["mean"] is not None:
        network.mean = checks.real("load", "mean", about["mean"])
        network.std = checks.real("load", "std", about["std"], "above 0", low=0, above=True)
    if about["pixels"] is not None:
        network.pixels = bool(about["pixels"])
    if about["shape"] is not None:
        height, width = (checks.count("load", "shape", side) for side in about["shape"])
        network.shape = height, width
    network.whole = bool(about.get("whole", False))
    network._of_others = bool(about.get("of_others", False))
    if about.get("class_names") is not None:
        network.class_names = check_names("load", about["class_names"])
    if about["optimizer"] is not None:
        settings = dict(about["optimizer"])
        kind = {"sgd": SGD, "adam": Adam}[settings.pop("name")]
        memory["step"] = int(memory["step"])
        network.load_optimizer_state(kind(**settings), memory, finite=False)
    return network
