"""Weights: what every reader of other people's models gives: arrays per layer, and what else is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reprs import short_repr

F32 = NDArray[np.float32]


@short_repr
@dataclass(frozen=True, eq=False, kw_only=True)
class Weights:
    """The layers of any fully connected network, ready to be drawn; `Network.from_model` makes it learn.

    Attributes:
        weights: Per layer (fan_in, fan_out): column j is unit j's picture.
        biases: Per layer (fan_out,); zeros where the model has none.
        names: Per layer, where it came from: a key, a module, a node.
        source: What the model is, in words.
        activations: One per layer, the output's last, as Network has them; None if they are unknown.
        unknown: Why they are.
        mean: Integer pixels become (pixel - mean) / std, if the model says so; else None.
        std: See mean.
        shape: (height, width) of the images that it takes, if the model says so; else None.
        class_names: The names of the classes, or None.
    """

    weights: tuple[F32, ...]
    biases: tuple[F32, ...]
    names: tuple[str, ...]
    source: str
    activations: tuple[str, ...] | None = None
    unknown: str = ""
    mean: float | None = None
    std: float | None = None
    shape: tuple[int, int] | None = None
    class_names: tuple[str, ...] | None = None

    @classmethod
    def from_model(cls, model: Any, *, layout: str | None = None) -> Weights:
        """Take the weights of a model of whatever library, or of its file.

        Args:
            model: A Network, a Moment, a Recorder, a fitted Classifier; a torch.nn.Sequential (of
                another module the weights alone); a fitted MLPClassifier or MLPRegressor; a Keras
                model; an ONNX model; a state_dict or another dictionary of arrays; a list of arrays,
                [W, W, ...] or [W, b, W, b, ...]; or the path of a .safetensors, .npz, .npy, .onnx or
                .keras file, told by its content.
            layout: "in,out" or "out,in", of arrays that fit both ways; see grid().

        Raises:
            TypeError, ValueError: for what is no chain of fully connected layers.
            OSError: if a file cannot be read.
            ModuleNotFoundError: if a file needs a library that is not installed.
        """
        from .read import read

        return read("from_model", model, layout)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Features, hidden units..., outputs."""
        return len(self.weights[0]), *(matrix.shape[1] for matrix in self.weights)

    def __repr__(self) -> str:
        names = "activations unknown" if self.activations is None else " ".join(self.activations)
        return f"Weights({'-'.join(map(str, self.sizes))}, {names}, of {self.source})"

    def _repr_html_(self) -> str:
        from ..look import notebook

        return notebook.layer(repr(self), self.weights[0], self.shape)
