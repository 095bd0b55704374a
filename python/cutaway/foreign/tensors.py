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
from ..files import MARK_OF_ANY_VERSION
from .chain import layers_of, natural
from .steps import weights
from .weights import Weights

FORMAT = "3"  # "1", of version 0.1.0, and "2" are read, too
OPTIMIZER = "optimizer."  # begins the names of its memory's tensors
_VERSION = "cutaway.format"  # "format" itself is whose layout the tensors have
_BEFORE_DIGEST = b'"sha256":"'  # stands once in a header: quotes within a value are escaped
_NO_DIGEST = "0" * 64  # in its place while the SHA-256 is taken

_NOT_NUMPYS = {"BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"}

Tensors = dict[str, NDArray[Any]]


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
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= path.stat().st_size else b""
    return _BEFORE_DIGEST in header and MARK_OF_ANY_VERSION in header


def unpacked(who: str, path: Path) -> tuple[dict[str, Any] | None, Tensors, dict[str, str]]:
    """Read a file.

    Returns:
        What the network is (architecture, mean, std, ...), if the file is ours, or None; the tensors,
        10 after 2; the metadata.

    Raises:
        ValueError: if it is damaged.
        OSError: if it cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    name = os.fspath(path)
    data = path.read_bytes()
    try:
        with safe_open(name, framework="np") as file:
            metadata, keys = file.metadata() or {}, sorted(file.keys(), key=natural)
            kinds = {file.get_slice(key).get_dtype(): key for key in keys}
            if odd := {*kinds} & _NOT_NUMPYS:
                raise ValueError(
                    f"{checks.shown(kinds[min(odd)])} is {min(odd)}; save it as float32"
                )
            tensors = {key: file.get_tensor(key) for key in keys}
    except (SafetensorError, ValueError, OSError) as error:  # a device, which cannot be mapped
        raise ValueError(
            f"{who}: {name} is no safetensors file that NumPy reads: {error}"
        ) from None
    if not metadata.keys() & {"network", "recipe"} or _BEFORE_DIGEST not in data:
        return None, tensors, metadata
    version = metadata.get(_VERSION, metadata.get("format"))
    if version not in ("1", "2", FORMAT):
        raise ValueError(f"{who}: {name} has format {version}, this version reads 1 to {FORMAT}")
    sha = hashlib.sha256(_with_digest(data, _NO_DIGEST)).hexdigest()
    if sha != metadata["sha256"]:
        raise ValueError(f"{who}: {name} is damaged: its contents do not match their SHA-256")
    try:
        about = _from_1(metadata) if version == "1" else json.loads(metadata["network"])
        return dict(about), tensors, metadata
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise no_network(who, path, error) from None


def no_network(who: str, path: Path, error: Exception) -> ValueError:
    """Return what is raised where a file's description does not fit."""
    return ValueError(
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
    own = ((name, values) for name, values in tensors.items() if not name.startswith(OPTIMIZER))
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
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise no_network(who, path, error) from None
