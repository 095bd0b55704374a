"""Steps: the parts of a model in their order go in, one after another; what they are together comes out.

A model is drawn whatever its activations are. They are unknown if one is none of Network's, and why is
kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import checks
from .chain import Layer, chained, numbers_of
from .weights import Weights

HIDDEN = ("sigmoid", "relu", "tanh", "identity")
OUTPUTS = (*HIDDEN, "softmax")


def titled(part: str, name: str, kind: str) -> str:
    """Return what a part of a model is called in a sentence: node 'sums.0' (Gemm)."""
    plain = checks.shown(kind, str) if kind.isprintable() else checks.shown(kind)
    return f"{part} {checks.shown(name)} ({plain})"


class Steps:
    """A model that is being read.

    Args:
        who: Begins the sentence of an error.
        source: What it is, in words.
    """

    def __init__(self, who: str, source: str) -> None:
        self._who, self._source = who, source
        self._layers: list[Layer] = []
        self._activations: list[str | None] = []
        self._unknown = ""
        self._scale, self._offset = 1.0, 0.0
        self.shape: tuple[int, int] | None = None
        self.class_names: tuple[str, ...] | None = None

    @property
    def begun(self) -> bool:
        """Whether a layer was there."""
        return bool(self._layers)

    def layer(self, name: str, weight: Any, bias: Any = None, layout: str = "in,out") -> None:
        """Add a fully connected layer: its weight (fan_in, fan_out), or with "out,in" the other way."""
        matrix = numbers_of(self._who, name, weight)
        if matrix.ndim != 2 or matrix.size == 0:
            raise ValueError(
                f"{self._who}: {name} must have a weight with two axes, got {matrix.shape}"
            )
        offsets = None if bias is None else numbers_of(self._who, name, bias).ravel()
        self._layers.append(Layer(name, matrix.T if layout == "out,in" else matrix, offsets))
        self._activations.append(None)

    def activation(self, name: str, kind: str) -> None:
        """Add an activation, one of Network's or not; `name` is that of its part."""
        if kind not in OUTPUTS:
            self.unknown(
                f"the activation {checks.shown(kind)} of {name} is none of {', '.join(OUTPUTS)}"
            )
        elif not self._activations:
            self.unknown(f"{name} comes before the first layer")
        elif kind != "identity":
            if self._activations[-1] is not None:
                self.unknown(f"{name} is the second activation of a layer")
            self._activations[-1] = kind

    def scale(self, name: str, factor: Any, offset: Any) -> None:
        """Add what makes `factor * x + offset` of each input."""
        numbers = [
            checks.numbers(self._who, name, value).ravel().astype(float)
            for value in (factor, offset)
        ]
        spread = [float(np.ptp(n)) if n.size else math.nan for n in numbers]
        if self._activations or spread != [0, 0] or not numbers[0][0] > 0:
            self.unknown(f"{name} is no scale of all inputs alike")
            return
        factor, offset = (float(n[0]) for n in numbers)
        self._scale, self._offset = factor * self._scale, factor * self._offset + offset

    def other(self, name: str, held: bool) -> None:
        """Note a part that is not known.

        Raises:
            ValueError: if it holds weights: those could be what is to be seen.
        """
        if held:
            raise ValueError(
                f"{self._who}: {name} must be a fully connected layer: no others are read"
            )
        self.unknown(f"{name} is not known here")

    def unknown(self, why: str) -> None:
        """Note why it is not known what the model computes; the first reason counts."""
        self._unknown = self._unknown or why

    def weights(self) -> Weights:
        """Return all of it.

        Raises:
            ValueError: if there is no layer, or they do not chain.
        """
        if not self._layers:
            raise ValueError(
                f"{self._who}: {self._source} must have a fully connected layer, got none"
            )
        if "softmax" in self._activations[:-1]:
            self.unknown("a softmax is not at its end")
        known = None if self._unknown else tuple(kind or "identity" for kind in self._activations)
        scaled = (self._scale, self._offset) != (1.0, 0.0)
        return weights(
            chained(self._who, self._layers, "in,out"), source=self._source,
            activations=known, unknown=self._unknown,
            mean=0 - self._offset / self._scale if scaled else None,
            std=1 / self._scale if scaled else None,
            shape=self.shape, class_names=self.class_names,
        )  # fmt: skip


def weights(layers: list[Layer], **known: Any) -> Weights:
    """Return layers as Weights, with what else is known."""
    zeros = (np.zeros(layer.weight.shape[1], np.float32) for layer in layers)
    return Weights(
        weights=tuple(layer.weight for layer in layers),
        biases=tuple(
            none if layer.bias is None else layer.bias
            for layer, none in zip(layers, zeros, strict=True)
        ),
        names=tuple(layer.name for layer in layers),
        **known,
    )
