"""Models that another library holds in memory go in, told by the names of their types; Weights come out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .steps import Steps
from .weights import Weights

_TORCH = {"Sigmoid": "sigmoid", "ReLU": "relu", "Tanh": "tanh", "Softmax": "softmax"}
_TORCH_PASSED = ("Identity", "Dropout", "AlphaDropout", "FeatureAlphaDropout", "Flatten")
_SKLEARN = {"logistic": "sigmoid"}  # the others are called as here
_HOLDERS = {"Classifier": "network_", "Recorder": "model"}  # ours, and where their model is


def comes_from(value: object, library: str, name: str) -> bool:
    """Tell whether an object is of a library's class, or of a subclass, without the library."""
    return any(
        base.__name__ == name and base.__module__.partition(".")[0] == library
        for base in type(value).__mro__
    )


def is_module(value: object) -> bool:
    """Tell whether an object is a PyTorch module."""
    return comes_from(value, "torch", "Module")


def is_sequential(module: Any) -> bool:
    """Tell whether a module computes what a torch.nn.Sequential does: none that goes on its own way."""
    plain: list[Any] = [base for base in type(module).__mro__ if _kind(base) == "Sequential"]
    return bool(plain) and type(module).forward is plain[0].forward


def _kind(cls: type) -> str:
    """Return the name of a class of PyTorch's own, and "" for others, whatever they are called."""
    return cls.__name__ if cls.__module__.startswith("torch.nn.") else ""


def read_module(who: str, module: Any) -> Weights:
    """Read a torch.nn.Sequential, nested or not."""
    steps = Steps(who, f"a PyTorch {type(module).__name__}")
    for name, part in module.named_modules(remove_duplicate=False):  # one ReLU may stand twice
        kind = _kind(type(part))
        title = f"module {name} ({type(part).__name__})"
        if kind == "Linear":
            steps.layer(title, part.weight, part.bias, layout="out,in")
        elif kind == "Softmax" and part.dim not in (1, -1, None):
            steps.unknown(f"{title} is along axis {part.dim}")
        elif kind in _TORCH:
            steps.activation(title, _TORCH[kind])
        elif not is_sequential(part) and kind not in _TORCH_PASSED:
            held = any(True for _ in part.parameters(recurse=False))
            steps.other(title, held)
    return steps.weights()


def is_perceptron(value: object) -> bool:
    """Tell whether an object is scikit-learn's MLPClassifier or MLPRegressor."""
    return comes_from(value, "sklearn", "BaseMultilayerPerceptron")


def read_perceptron(who: str, model: Any) -> Weights:
    """Read a fitted MLPClassifier or MLPRegressor; one output for two classes stays one."""
    kind = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise ValueError(f"{who}: model must be fitted, got {kind} that is not")
    steps = Steps(who, f"scikit-learn's {kind}")
    names = [model.activation] * (len(model.coefs_) - 1) + [model.out_activation_]
    for number, (weight, bias, name) in enumerate(
        zip(model.coefs_, model.intercepts_, names, strict=True)
    ):
        steps.layer(f"coefs_[{number}]", weight, bias)
        steps.activation(f"coefs_[{number}]", _SKLEARN.get(name, name))
    classes = getattr(model, "classes_", None)
    if isinstance(classes, np.ndarray) and classes.ndim == 1:
        numbered = classes.tolist() == [*range(len(classes))]
        if not numbered or len(classes) == 2:  # two that one output tells apart
            steps.class_names = tuple(map(str, classes.tolist()))
    return steps.weights()


def is_own(value: object) -> bool:
    """Tell whether an object is a Network, a Moment or Weights, or holds one."""
    kinds = ("Network", "Moment", "Weights", *_HOLDERS)
    return any(comes_from(value, "cutaway", kind) for kind in kinds)


def is_recorder(value: object) -> bool:
    """Tell whether an object is a Recorder, which has moments and a history, too."""
    return comes_from(value, "cutaway", "Recorder")


def held(who: str, name: str, value: Any) -> Any:
    """Return the Network that a Classifier has fitted, a Recorder's Weights, all else as it is.

    Raises:
        ValueError: if there is none yet.
    """
    for kind, attribute in _HOLDERS.items():
        if comes_from(value, "cutaway", kind):
            inner = getattr(value, attribute, None)
            if inner is None:
                raise ValueError(f"{who}: {name} must have learned, got a {kind} that has not")
            return inner
    return value


def read_own(who: str, name: str, value: Any) -> Weights:
    """Return the weights of a Network or a Moment, Weights as they are, or what holds one of them."""
    value = held(who, name, value)
    if isinstance(value, Weights):
        return value
    kind = type(value).__name__
    architecture = getattr(value, "architecture", None)
    pixels = getattr(value, "pixels", None)
    own, biases = value.weights, value.biases
    return Weights(
        weights=own, biases=biases, names=tuple(f"layer {l}" for l in range(len(own))),
        source=f"a {kind}", activations=architecture and architecture.activations,
        unknown="" if architecture else "a Moment does not keep them", shape=value.shape,
        mean=value.mean if pixels else None, std=value.std if pixels else None,
        class_names=getattr(value, "class_names", None),
    )  # fmt: skip
