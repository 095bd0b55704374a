"""Checkpoints: a network goes to a safetensors file and comes back, to the bit.

The tensors are those of `state_dict()`, so other tools read the file as it is; the optimizer's memory
stands beside them under "optimizer.". What else a network is stands as JSON in the file's metadata. So
does a SHA-256 of the whole file, taken with 64 zeros in its place: a file that was changed by a single
bit is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
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
from ..threads import MOST_THREADS
from .network import Network, check_network
from .tensors import read_tensors

_FORMAT = "2"  # "1", of version 0.1.0, is read, too
_OPTIMIZER = "optimizer."
_TRAINING = "training."  # what only going on needs: learn/ongoing.py
_BEFORE_DIGEST = b'"sha256":"'  # stands once in a header: quotes within a value are escaped
_NO_DIGEST = "0" * 64  # in its place while the SHA-256 is taken


def _with_digest(data: bytes, digest: str) -> bytes:
    start = data.index(_BEFORE_DIGEST) + len(_BEFORE_DIGEST)
    return data[:start] + digest.encode() + data[start + len(_NO_DIGEST) :]


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Save a network: weights, architecture, what it knows of its data, optimizer and memory.

    Raises:
        OSError: if the file cannot be written; an older file of that name is untouched then.

    Warns:
        UserWarning: if the network has diverged: it is kept all the same, to be looked at.
    """
    check_network("save", network)
    save_with(network, checks.path("save", "path", path))


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
    from safetensors import numpy as safetensors

    with network._core.turn:  # all is of one moment, whoever trains it
        tensors: dict[str, Any] = dict(network.state_dict())
        memory, used = network.optimizer_state(), network.optimizer
    optimizer = None
    if used is not None:
        optimizer = {"name": used.name, **dataclasses.asdict(used)}
        for name, values in memory.items():
            tensors[_OPTIMIZER + name] = np.asarray(values)
    _tell_of_divergence("save", path, tensors)
    tensors.update({_TRAINING + name: values for name, values in (more or {}).items()})
    about = {
        "architecture": dataclasses.asdict(network.architecture),
        "mean": network.mean,
        "std": network.std,
        "pixels": network.pixels,
        "shape": network.shape,
        "class_names": network.class_names,
        "whole": network.whole,
        "optimizer": optimizer,
    }
    metadata = {
        "cutaway": MARK,
        "format": _FORMAT,
        "network": json.dumps(about, default=float),  # NumPy's numbers too
        "sha256": _NO_DIGEST,
    }
    if training is not None:
        metadata["training"] = json.dumps(training)
    data = safetensors.save(tensors, metadata)
    with replacing(path) as partial:
        partial.write_bytes(_with_digest(data, hashlib.sha256(data).hexdigest()))


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
    name = os.fspath(path)
    try:
        metadata, tensors, data = read_tensors(path)
    except CheckpointError as error:
        raise CheckpointError(f"{who}: {name} is no safetensors file of ours: {error}") from None
    if not metadata.keys() & {"network", "recipe"} or _BEFORE_DIGEST not in data:
        raise CheckpointError(f"{who}: {name} is no checkpoint of cutaway: it describes no network")
    if metadata.get("format") not in ("1", _FORMAT):
        got = checks.shown(metadata.get("format"), str)
        raise CheckpointError(f"{who}: {name} has format {got}, this version reads 1 to {_FORMAT}")
    sha = hashlib.sha256(_with_digest(data, _NO_DIGEST)).hexdigest()
    if sha != metadata.get("sha256"):
        raise CheckpointError(f"{who}: {name} is damaged: its contents do not match their SHA-256")
    try:
        about = _from_1(metadata) if metadata["format"] == "1" else json.loads(metadata["network"])
        sizes = about["architecture"]["sizes"]
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            if tensors[f"{layer}.weight"].shape != (fan_out, fan_in):  # before memory is taken
                raise TypeError(f"sizes {sizes} are not those of the tensors")
        _tell_of_divergence(who, path, tensors)
        more = {
            key.removeprefix(_TRAINING): tensors.pop(key)
            for key in [*tensors]
            if key.startswith(_TRAINING)
        }
        training = json.loads(metadata.get("training", "null"))
        return _network(about, tensors, backend, threads), more, training
    except (
        KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError,
    ) as error:  # fmt: skip
        raise CheckpointError(
            f"{who}: {name} describes no network that can be: {checks.shown(error)}"
        ) from None


def _tell_of_divergence(
    who: str, path: str | os.PathLike[str], tensors: dict[str, NDArray[Any]]
) -> None:
    bad = [name for name, values in tensors.items() if not np.isfinite(values).all()]
    if bad:
        warn(
            f"{who}: the network of {os.fspath(path)} has diverged: {bad[0]} is not finite; "
            "train it anew, with a smaller lr"
        )


def _from_1(metadata: dict[str, str]) -> dict[str, Any]:
    """Return what format 1 calls a recipe as format 2 has it: it knew less of the images."""
    recipe = json.loads(metadata["recipe"])
    architecture = {
        name: recipe.pop(name) for name in ("sizes", "activations", "loss", "reduction")
    }
    return {**recipe, "architecture": architecture, "pixels": None, "shape": None}


def _network(
    about: dict[str, Any], tensors: dict[str, Any], backend: str, threads: int | None
) -> Network:
    architecture = Architecture(**about["architecture"])
    network = Network(**architecture.arguments(), backend=backend, threads=threads)
    memory = {
        name.removeprefix(_OPTIMIZER): values
        for name, values in tensors.items()
        if name.startswith(_OPTIMIZER)
    }
    weights = {name: v for name, v in tensors.items() if not name.startswith(_OPTIMIZER)}
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
    if about.get("class_names") is not None:
        network.class_names = check_names("load", about["class_names"])
    if about["optimizer"] is not None:
        settings = dict(about["optimizer"])
        kind = {"sgd": SGD, "adam": Adam}[settings.pop("name")]
        memory["step"] = int(memory["step"])
        network.load_optimizer_state(kind(**settings), memory, finite=False)
    return network
