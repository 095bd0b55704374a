"""ONNX: a graph that is a chain of fully connected layers goes in, Weights come out.

A layer is a Gemm, or a MatMul with an Add. What comes before the first, and does the same to all inputs, is
how pixels become numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .objects import comes_from
from .steps import Steps, titled
from .weights import Weights

Array = NDArray[Any]

_ACTIVATIONS = {"Sigmoid": "sigmoid", "Relu": "relu", "Tanh": "tanh", "Softmax": "softmax"}
_PASSED = ("Identity", "Cast", "Flatten", "Reshape", "Dropout", "Squeeze")
_SCALED = ("Add", "Sub", "Mul", "Div")
# What leads away from the chain: classes that are made of the output, a shape for a Reshape.
_ASIDE = ("ArgMax", "ZipMap", "TopK", "Shape")
# What numbers and nodes that are not as they should be make of Python.
_UNFIT = (ValueError, TypeError, IndexError, KeyError, AttributeError)


def is_onnx(value: object) -> bool:
    """Tell whether an object is an ONNX model."""
    return comes_from(value, "onnx", "ModelProto")


def read_onnx(who: str, path: Path) -> Weights:
    """Read an ONNX file, and what it keeps in a file beside it.

    Raises:
        ModuleNotFoundError: if onnx is not installed.
        ValueError: if it is damaged, or no such chain.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: an ONNX file is read by onnx, which is not installed: pip install onnx"
        ) from None
    try:
        model = onnx.load(path, load_external_data=True)
        graph = _Graph(who, model.graph, path.name)
    except (DecodeError, onnx.checker.ValidationError, *_UNFIT) as error:
        raise _damaged(who, path, error) from None
    try:
        return graph.read()
    except _UNFIT as error:
        if isinstance(error, ValueError):  # a sentence of ours
            raise
        raise _damaged(who, path, error) from None


def _damaged(who: str, path: Path, error: Exception) -> ValueError:
    return ValueError(
        f"{who}: {checks.shown(path, str)} is no whole ONNX file: {checks.shown(error, str)}"
    )


def read_model(who: str, model: Any, source: str = "an ONNX model") -> Weights:
    """Read an ONNX model."""
    return _Graph(who, model.graph, source).read()


class _Graph:
    """A graph that is being followed from its input to its end."""

    def __init__(self, who: str, graph: Any, source: str) -> None:
        from onnx import numpy_helper

        self._who, self._graph = who, graph
        self._steps = Steps(who, source)
        self._known: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer
        }
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            elif node.op_type == "Transpose" and node.input[0] in self._known:
                self._known[node.output[0]] = self._known[node.input[0]].T
        self._pending: tuple[str, Array] | None = None  # a MatMul whose Add may come

    def read(self) -> Weights:
        """Return the weights.

        Raises:
            ValueError: if a node is not of such a chain.
        """
        inputs = [value for value in self._graph.input if value.name not in self._known]
        if len(inputs) != 1:
            raise ValueError(f"{self._who}: the graph must have one input, got {len(inputs)}")
        self._steps.shape = _shape(inputs[0])
        at, ends = inputs[0].name, {value.name for value in self._graph.output}
        seen = {at}
        while nodes := self._after(at):
            if len(nodes) > 1:
                raise ValueError(
                    f"{self._who}: {_title(nodes[1])} must not branch off: only chains of layers are read"
                )
            self._take(nodes[0], at)
            at = nodes[0].output[0]
            if at in ends:
                break
            if at in seen:
                raise ValueError(
                    f"{self._who}: {_title(nodes[0])} must lead on, but comes back to {checks.shown(at)}"
                )
            seen.add(at)
        self._close()
        return self._steps.weights()

    def _after(self, name: str) -> list[Any]:
        """Return the nodes that take a tensor, but for those that lead away."""
        return [n for n in self._graph.node if name in n.input and n.op_type not in _ASIDE]

    def _take(self, node: Any, at: str) -> None:
        kind, title = node.op_type, _title(node)
        if node.domain not in ("", "ai.onnx"):
            kind = f"{node.domain}.{kind}"  # of somebody's own, whatever it is called
        others = [self._known.get(name) for name in node.input if name and name != at]
        first = node.input[0] == at or kind in ("Add", "Mul")
        constant = bool(others) and first and all(other is not None for other in others)
        if self._pending and kind == "Add" and constant:
            self._close(others[0])
            return
        self._close()
        if kind in _PASSED:
            return
        axis = next((a.i for a in node.attribute if a.name == "axis"), -1)
        if kind == "Softmax" and axis not in (-1, 1):
            self._steps.unknown(f"{title} is along axis {axis}")
        elif kind in _ACTIVATIONS:
            self._steps.activation(title, _ACTIVATIONS[kind])
        elif kind in ("MatMul", "Gemm", *_SCALED) and not constant:
            raise self._refusal(title)
        elif kind == "MatMul":
            self._pending = title, np.asarray(others[0])
        elif kind == "Gemm":
            self._gemm(node, title, others)
        elif kind in _SCALED and not self._steps.begun:
            number = np.asarray(others[0], float)
            if kind in ("Mul", "Div"):
                self._steps.scale(title, number if kind == "Mul" else 1 / number, 0.0)
            else:
                self._steps.scale(title, 1.0, number if kind == "Add" else -number)
        else:
            self._steps.other(title, held=bool(others))

    def _gemm(self, node: Any, title: str, others: list[Any]) -> None:
        how = {a.name: a.f if a.name in ("alpha", "beta") else a.i for a in node.attribute}
        if how.get("alpha", 1) != 1 or how.get("beta", 1) != 1 or how.get("transA", 0):
            raise self._refusal(title)
        weight = others[0].T if how.get("transB", 0) else others[0]
        self._steps.layer(title, weight, self._spread(others[1], weight) if others[1:] else None)

    def _close(self, bias: Array | None = None) -> None:
        """Add the MatMul that has waited for its bias."""
        if self._pending:
            title, weight = self._pending
            self._pending = None
            self._steps.layer(title, weight, None if bias is None else self._spread(bias, weight))

    def _spread(self, bias: Array, weight: Array) -> Array:
        """Return a bias of each output, where one number may stand for all."""
        return np.broadcast_to(bias.ravel(), weight.shape[-1:]) if bias.size == 1 else bias

    def _refusal(self, title: str) -> ValueError:
        return ValueError(
            f"{self._who}: {title} must be a fully connected layer of constant weights, or an activation"
        )


def _title(node: Any) -> str:
    return titled("node", node.name or node.output[0], node.op_type)


def _shape(value: Any) -> tuple[int, int] | None:
    """Return (height, width) of images, (n, height, width) with axes of length 1; None for rows."""
    sides = [axis.dim_value for axis in value.type.tensor_type.shape.dim][1:]
    sides = [side for side in sides if side != 1]
    return (sides[0], sides[1]) if len(sides) == 2 and all(sides) else None
