"""Reading: any model goes in, an object or a file told by its content; its Weights come out."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import checks, npz
from ..files import open_regular
from . import keras, objects, onnx
from .chain import layers_of
from .steps import weights
from .tensors import read_tensors
from .weights import Weights

_KNOWN = (
    "a Network, a PyTorch module, an MLPClassifier, a Keras or ONNX model, a state_dict, a list of "
    "arrays or the path of a file"
)
_FILES = "safetensors, npz, npy, ONNX and Keras files are"
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # by protocol
_OF_TORCH = (".pt", ".pth", ".bin", ".ckpt")


def is_model(value: object) -> bool:
    """Tell whether something is a model, and not just one layer's weights."""
    if isinstance(value, list | tuple):
        return any(getattr(part, "ndim", None) == 2 for part in _flat(value))
    told = (objects.is_own, objects.is_module, objects.is_perceptron, keras.is_keras, onnx.is_onnx)
    return isinstance(value, str | os.PathLike | Mapping) or any(tell(value) for tell in told)


def read(
    who: str,
    model: Any,
    layout: str | None = None,
    *,
    usual: str | None = None,
    name: str = "model",
) -> Weights:
    """Read a model; arguments and errors as of Weights.from_model().

    Args:
        who: Begins the sentence of an error.
        model: An object, or the path of a file.
        layout: Of plain arrays.
        usual: That of a list of arrays which fit both ways; None for none.
        name: What the model is called there.
    """
    if isinstance(model, str | os.PathLike):
        path = checks.path(who, name, model)
        try:
            return _read_file(who, path, layout)
        except TypeError as error:  # of what a file holds, which is no argument
            said = str(error).removeprefix(f"{who}: ")
            raise ValueError(f"{who}: {checks.shown(path, str)}: {said}") from None
    if objects.is_own(model):
        return objects.read_own(who, name, model)
    if keras.is_keras(model):  # which may be a PyTorch module, too
        return keras.read_model(who, model)
    if objects.is_module(model):
        return _read_module(who, model)
    if objects.is_perceptron(model):
        return objects.read_perceptron(who, model)
    if onnx.is_onnx(model):
        return onnx.read_model(who, model)
    if isinstance(model, Mapping):
        return _read_arrays(who, model, layout, "a dictionary of arrays")
    if is_model(model):
        named = {f"array {number}": array for number, array in enumerate(_flat(model))}
        return _read_arrays(who, named, layout, "a list of arrays", usual)
    got = checks.shown(model) if isinstance(model, list | tuple) else type(model).__name__
    raise TypeError(f"{who}: {name} must be {_KNOWN}, got {got}")


def first_layer(
    who: str, value: Any, shape: Any, layout: str | None
) -> tuple[Any, Any, str | None]:
    """Return a model's first layer (fan_in, units), its images' shape, and its layout.

    What is no model comes back as it is.
    """
    if not is_model(value):
        return value, shape, layout
    model = read(who, value, layout)
    return model.weights[0], model.shape if shape is None else shape, "in,out"


def _flat(arrays: Any) -> list[Any]:
    """Return [W, W, b, b] of ([W, W], [b, b]), as scikit-learn's coefs_ and intercepts_ are."""
    return [
        part for each in arrays for part in (each if isinstance(each, list | tuple) else [each])
    ]


def _read_module(who: str, module: Any) -> Weights:
    """Read a PyTorch module: what it computes is known of a Sequential, of others the weights alone."""
    if objects.is_sequential(module):
        return objects.read_module(who, module)
    kind = type(module).__name__
    layers = layers_of(who, module.state_dict().items(), usual="out,in")
    return weights(layers, source=f"a PyTorch {kind}", unknown=f"{kind} is no Sequential")


def _read_arrays(
    who: str,
    arrays: Mapping[Any, Any],
    layout: str | None,
    source: str,
    usual: str | None = None,
) -> Weights:
    torch = all(type(array).__module__.partition(".")[0] == "torch" for array in arrays.values())
    named = ((str(name), array) for name, array in arrays.items())
    layers = layers_of(who, named, layout, usual="out,in" if torch else usual)
    return weights(layers, source=source, unknown=f"{source} does not tell them")


def _read_file(who: str, path: Path, layout: str | None) -> Weights:
    """Read a file by what it is, whatever its name."""
    with open_regular(path) as file:
        head = file.read(16)
    name = checks.shown(path, str)
    if head.startswith(b"PK"):
        return _read_zip(who, path, layout)
    if head.startswith(_PICKLES) or path.suffix.lower() in (".pkl", ".pickle", ".joblib"):
        raise ValueError(_refusal(who, path, torch=path.suffix.lower() in _OF_TORCH))
    if head.startswith(b"\x93NUMPY"):
        return _read_npz(who, path, layout)
    if head.startswith(b"\x89HDF"):
        raise ValueError(
            f"{who}: {name} is an older Keras file; keras.models.load_model({path.name!r})"
            ".save('model.keras') writes one that is read"
        )
    if head[8:9] == b"{" or path.suffix.lower() == ".safetensors":
        return read_tensors(who, path, layout)
    if (head[:1] == b"\x08" and head[2:3] in b"\x12\x1a\x3a\x42") or path.suffix.lower() == ".onnx":
        return onnx.read_onnx(who, path)
    raise ValueError(f"{who}: {name} is no model that is read: {_FILES}")


def _read_zip(who: str, path: Path, layout: str | None) -> Weights:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except npz.BAD_ZIP as error:
        name = checks.shown(path, str)
        raise ValueError(f"{who}: {name} is damaged: {checks.shown(error, str)}") from None
    if "model.weights.h5" in names:
        return keras.read_keras(who, path)
    if any(name.endswith("/data.pkl") for name in names):
        raise ValueError(_refusal(who, path, torch=True))
    return _read_npz(who, path, layout)


def _read_npz(who: str, path: Path, layout: str | None) -> Weights:
    """Read an npz or npy file; objects in it, which could be code, are refused."""
    try:
        with npz.opened(path) as held:
            arrays = {name: held.read(name) for name in held.names}
    except ValueError as error:
        raise ValueError(
            f"{who}: {checks.shown(path, str)} holds no plain arrays: {error}"
        ) from None
    return _read_arrays(who, arrays, layout, path.name)


def _refusal(who: str, path: Path, *, torch: bool) -> str:
    """Tell what a file that can hold code is not read for, and the line that makes another of it."""
    name, safe = repr(path.name), repr(path.with_suffix(".safetensors").name)
    line = (
        f"import torch, safetensors.torch as s; s.save_file(torch.load({name}, weights_only=True), {safe})"
        if torch
        else "import cutaway, pickle; cutaway.save(cutaway.Network.from_model(pickle.load("
        f"open({name}, 'rb'))), {safe})"
    )
    return f"{who}: {checks.shown(path.name, str)} can hold code, and is not read; if you trust it: {line}"
