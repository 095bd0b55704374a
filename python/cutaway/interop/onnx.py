"""ONNX: a network goes out as a graph that computes what it does; from pixels, if it learned from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..files import MARK, replacing
from ..learn.network import Network
from ..version import __version__

_OPSET, _IR = 13, 8  # old enough for runtimes of 2021
_NODES = {"sigmoid": "Sigmoid", "relu": "Relu", "tanh": "Tanh", "softmax": "Softmax"}
INPUT, OUTPUT = "x", "output"


def save_onnx(who: str, network: Network, path: Path) -> None:
    """Write a network as an ONNX file, whole or not at all.

    Its input "x" (n, features) is uint8, normalised in the graph, if the network learned from pixels, and
    else float32; its output "output" (n, classes) float32. The names of classes stand in the metadata as
    JSON, "class_names".

    Args:
        who: Begins the sentence of an error.
        network: Of any kind.
        path: Of the file.

    Raises:
        ModuleNotFoundError: if onnx is not installed.
        OSError: if the file cannot be written; an older file of that name is untouched then.
    """
    try:
        from onnx import checker
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{who}: an ONNX file is written by onnx, which is not installed: pip install 'cutaway[onnx]'"
        ) from None
    model = model_of(network)
    checker.check_model(model)
    with replacing(path) as partial:
        partial.write_bytes(model.SerializeToString())


def model_of(network: Network) -> Any:
    """Return a network as an ONNX ModelProto."""
    from onnx import TensorProto, helper, numpy_helper

    bytes_ = bool(network.pixels) and network.mean is not None
    names = network.architecture.activations
    with network._core.turn:  # all is of one moment, whoever trains it
        layers = list(zip(network.weights, network.biases, names, strict=True))
    nodes: list[Any] = []
    numbers: list[Any] = []
    at = INPUT

    def node(kind: str, *constants: tuple[str, Any], name: str, **how: Any) -> None:
        nonlocal at
        numbers.extend(
            numpy_helper.from_array(np.asarray(value, np.float32), key) for key, value in constants
        )
        inputs = [at, *(key for key, _ in constants)]
        nodes.append(helper.make_node(kind, inputs, [name], name, **how))
        at = name

    if bytes_:
        node("Cast", name="pixels", to=TensorProto.FLOAT)
        node("Sub", ("mean", network.mean), name="centred")
        node("Div", ("std", network.std), name="normalised")
    for number, (weight, bias, activation) in enumerate(layers):
        key = 2 * number  # as in state_dict()
        node(
            "Gemm", (f"{key}.weight", weight.T), (f"{key}.bias", bias), name=f"sums.{key}", transB=1
        )
        if activation in _NODES:
            how = {"axis": 1} if activation == "softmax" else {}
            node(_NODES[activation], name=f"{activation}.{key + 1}", **how)
    nodes[-1].output[0] = OUTPUT
    sizes = network.architecture.sizes
    kind = TensorProto.UINT8 if bytes_ else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "cutaway",
        [helper.make_tensor_value_info(INPUT, kind, ["n", sizes[0]])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", sizes[-1]])],
        numbers, doc_string=MARK,
    )  # fmt: skip
    model = helper.make_model(
        graph, producer_name="cutaway", producer_version=__version__, ir_version=_IR,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )  # fmt: skip
    if network.class_names:
        helper.set_model_props(model, {"class_names": json.dumps(network.class_names)})
    return model
