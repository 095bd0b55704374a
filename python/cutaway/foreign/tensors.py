"""Safetensors: a file goes in; its metadata and its tensors come out. Our own carry a seal.

The seal is a SHA-256 of the whole file in its metadata, taken with 64 zeros in its place: a file that was
changed by a single bit is refused. What else a network is stands beside it as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .. import checks
from ..errors import CheckpointError
from ..files import MARK_OF_ANY_VERSION, open_regular
from .chain import layers_of, natural
from .steps import weights
from .stored import read_stored
from .weights import Weights

FORMAT = "3"  # "1", of version 0.1.0, and "2" are read, too
OPTIMIZER = "optimizer."  # begins the names of its memory's tensors
TRAINING = "training."  # and of those that only going on needs: learn/ongoing.py
_VERSION = "cutaway.format"  # "format" itself is whose layout the tensors have
_BEFORE_DIGEST = b'"sha256":"'  # stands once in a header: quotes within a value are escaped
_NO_DIGEST = "0" * 64  # in its place while the SHA-256 is taken

Tensors = dict[str, NDArray[Any]]
# What a description that does not fit can make Python raise.
UNFIT = (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError, RecursionError)


def packed(tensors: Tensors, metadata: dict[str, str]) -> bytes:
    """Return a sealed file in which other tools find a state_dict of PyTorch's."""
    from safetensors import numpy as safetensors

    data = safetensors.save(
        tensors, {**metadata, "format": "pt", _VERSION: FORMAT, "sha256": _NO_DIGEST}
    )
    return _with_digest(data, hashlib.sha256(data).hexdigest())


def _with_digest(data: bytes, digest: str) -> bytes:
    start = data.index(_BEFORE_DIGEST) + len(_BEFORE_DIGEST)
    return data[:start] + digest.encode() + data[start + len(_NO_DIGEST) :]


def is_own(path: Path) -> bool:
    """Tell whether a file looks like one of ours.

    Raises:
        OSError: if it cannot be read, or is no regular file.
    """
    with open_regular(path) as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= path.stat().st_size else b""
    return _BEFORE_DIGEST in header and MARK_OF_ANY_VERSION in header


def unpacked(who: str, path: Path) -> tuple[dict[str, Any] | None, Tensors, dict[str, str]]:
    """Read a file.

    Returns:
        What the network is (architecture, mean, std, ...), if the file is ours, or None; the tensors,
        10 after 2; the metadata.

    Raises:
        CheckpointError: (a ValueError) if it is damaged.
        OSError: if it cannot be read, or is no regular file.
    """
    name = os.fspath(path)
    try:
        metadata, held, data = read_stored(who, path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{who}: {name} is no safetensors file that NumPy reads: {error}"
        ) from None
    tensors = {key: held[key] for key in sorted(held, key=natural)}
    if not metadata.keys() & {"network", "recipe"} or _BEFORE_DIGEST not in data:
        return None, tensors, metadata
    version = metadata.get(_VERSION, metadata.get("format"))
    if version not in ("1", "2", FORMAT):
        got = checks.shown(version, str)
        raise CheckpointError(f"{who}: {name} has format {got}, this version reads 1 to {FORMAT}")
    sha = hashlib.sha256(_with_digest(data, _NO_DIGEST)).hexdigest()
    if sha != metadata.get("sha256"):
        raise CheckpointError(f"{who}: {name} is damaged: its contents do not match their SHA-256")
    try:
        about = _from_1(metadata) if version == "1" else json.loads(metadata["network"])
        return dict(about), tensors, metadata
    except UNFIT as error:
        raise no_network(who, path, error) from None


def no_network(who: str, path: Path, error: Exception) -> CheckpointError:
    """Return what is raised where a file's description does not fit."""
    return CheckpointError(
        f"{who}: {os.fspath(path)} describes no network that can be: {checks.shown(error)}"
    )


def _from_1(metadata: dict[str, str]) -> dict[str, Any]:
    """Return what format 1 calls a recipe as later ones have it: it knew less of the images."""
    recipe = json.loads(metadata["recipe"])
    architecture = {
        name: recipe.pop(name) for name in ("sizes", "activations", "loss", "reduction")
    }
    return {**recipe, "architecture": architecture, "pixels": None, "shape": None}


def read_tensors(who: str, path: Path, layout: str | None) -> Weights:
    """Read a safetensors file of anybody's; the order of its tensors tells nothing."""
    about, tensors, metadata = unpacked(who, path)
    beside = (OPTIMIZER, TRAINING)
    own = ((name, values) for name, values in tensors.items() if not name.startswith(beside))
    if about is None:
        told = layout or ("out,in" if metadata.get("format") == "pt" else None)
        layers = layers_of(who, own, layout, usual=told, ordered=False)
        return weights(layers, source=path.name, unknown="a file of tensors does not tell them")
    layers = layers_of(who, own, "out,in", ordered=False)
    try:
        shape, names = about["shape"], about.get("class_names")
        pixels = about["pixels"] is not False  # format 1 did not know
        return weights(
            layers, source=path.name, activations=tuple(about["architecture"]["activations"]),
            mean=about["mean"] if pixels else None, std=about["std"] if pixels else None,
            shape=shape and (int(shape[0]), int(shape[1])),
            class_names=names and tuple(map(str, names)),
        )  # fmt: skip
    except UNFIT as error:
        raise no_network(who, path, error) from None
