"""Keras: a model in memory or a .keras file goes in, Weights come out; Keras itself is not needed.

A .keras file is a zip of a description, config.json, and the arrays, model.weights.h5, where layers stand
under the names of their classes, numbered in the order of the model. Nothing is built from either.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from .. import checks
from ..files import warranted
from ..npz import BAD_ZIP
from .objects import comes_from
from .steps import Steps, titled
from .weights import F32, Weights

_ACTIVATIONS = {"linear": "identity"}  # the others are called as here
_LAYERS = {"ReLU": "relu", "Softmax": "softmax"}
# Settings of ReLU and Softmax with which they are Network's; Keras leaves none out.
_PLAIN = (("max_value", None), ("negative_slope", 0.0), ("threshold", 0.0), ("axis", -1))
_PASSED = ("Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise", "Flatten")
_MEMBERS = ("config.json", "model.weights.h5")
_MODELS = ("Sequential", "Functional")


def is_keras(value: object) -> bool:
    """Tell whether an object is a Keras model."""
    return comes_from(value, "keras", "Model")


def read_model(who: str, model: Any) -> Weights:
    """Read a Keras model, a chain of layers."""
    kind = type(model).__name__
    if kind not in _MODELS or not type(model).__module__.startswith("keras."):
        raise ValueError(
            f"{who}: model must be a Keras model that is {' or '.join(_MODELS)}, got {kind}; the list "
            "model.get_weights() draws"
        )
    arrays = {layer.name: layer.get_weights() for layer in model.layers}
    return _read(who, "a Keras model", model.get_config(), arrays)


def read_keras(who: str, path: Path) -> Weights:
    """Read a .keras file; its arrays with h5py.

    Raises:
        ModuleNotFoundError: if h5py is not installed.
        ValueError: if it is damaged, or holds no chain of layers.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: a .keras file is read by h5py, which is not installed: pip install h5py"
        ) from None
    try:
        config, data = _members(path)
        described = json.loads(config)["config"]
        with h5py.File(BytesIO(data)) as file:
            arrays = _arrays(file, described["layers"], len(data))
    except (*BAD_ZIP, TypeError, AttributeError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise _damaged(who, path, error) from None
    try:
        return _read(who, path.name, described, arrays)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise _damaged(who, path, error) from None


def _damaged(who: str, path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{who}: {checks.shown(path, str)} is no whole Keras file: {checks.shown(error, str)}"
    )


def _members(path: Path) -> tuple[bytes, bytes]:
    """Return the description and the arrays of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        allowed = warranted(path.stat().st_size)
        for name in _MEMBERS:
            if archive.getinfo(name).file_size > allowed:
                raise ValueError(f"{name} is larger than {allowed} bytes")
        config, arrays = (archive.read(name) for name in _MEMBERS)
    return config, arrays


def _arrays(file: Any, layers: list[dict[str, Any]], size: int) -> dict[str, list[F32]]:
    """Return the arrays of each layer, by its name."""
    before: Counter[str] = Counter()
    found = {}
    for layer in layers:
        kind = _snake_case(layer["class_name"])
        place = f"layers/{kind}_{before[kind]}/vars" if before[kind] else f"layers/{kind}/vars"
        before[kind] += 1
        if kind != "input_layer":
            held = _group(file, place)
            arrays = [_array(held, name, size) for name in sorted(held, key=int)]
            found[layer["config"]["name"]] = arrays
    return found


def _snake_case(name: str) -> str:
    """Return the name of a class as Keras writes it in a file: re_lu for ReLU."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _group(file: Any, place: str) -> Any:
    """Return a group that is in this file: a link could lead to another one."""
    import h5py

    for name in place.split("/"):
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"its arrays lack {place}")
        file = file[name]
    return file


def _array(group: Any, name: str, size: int) -> F32:
    array = _group(group, name)
    if array.external or array.is_virtual or array.nbytes > size:
        raise ValueError(f"{array.name} is not in it")
    return np.asarray(array[()])


def _read(
    who: str, source: str, described: dict[str, Any], arrays: dict[str, list[Any]]
) -> Weights:
    steps, before = Steps(who, source), ""
    for layer in described["layers"]:
        kind, config = layer["class_name"], layer["config"]
        name = config["name"]
        title = titled("layer", name, kind)
        if {*_sources(layer.get("inbound_nodes"))} - {before}:  # a Sequential names none
            raise ValueError(
                f"{who}: {title} must take what the layer before it gives, and no more"
            )
        before = name
        if not str(layer.get("module", "keras")).startswith("keras"):
            kind = ""  # of somebody's own, whatever it is called
        if kind == "Dense":
            steps.layer(title, *arrays[name])
            steps.activation(title, _named(config.get("activation")))
        elif kind == "Activation":
            steps.activation(title, _named(config.get("activation")))
        elif any(config.get(key, plain) != plain for key, plain in _PLAIN):
            steps.unknown(f"{title} is no plain one")
        elif kind in _LAYERS:
            steps.activation(title, _LAYERS[kind])
        elif kind == "Rescaling":
            steps.scale(title, config["scale"], config["offset"])
        elif kind == "InputLayer":
            steps.shape = _shape(config.get("batch_shape"))
        elif kind not in _PASSED:
            steps.other(title, held=bool(arrays.get(name)))
    return steps.weights()


def _named(activation: Any) -> str:
    """Return an activation's name, as Network has it; of one of the user's own, some text."""
    if isinstance(activation, dict):
        activation = activation.get("config")
    name = activation if isinstance(activation, str) else "an activation of its own"
    return _ACTIVATIONS.get(name, name)


def _sources(node: Any) -> Iterator[str]:
    """Yield the names of the layers whose outputs a description mentions."""
    if isinstance(node, dict) and "keras_history" in node:
        yield node["keras_history"][0]
    elif isinstance(node, dict | list | tuple):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _sources(part)


def _shape(batch_shape: Any) -> tuple[int, int] | None:
    """Return (height, width) of images; None for rows."""
    sides = [side for side in (batch_shape or [])[1:] if side != 1]
    if len(sides) == 2 and all(isinstance(side, int) for side in sides):
        return sides[0], sides[1]
    return None
