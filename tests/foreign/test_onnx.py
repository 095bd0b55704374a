"""ONNX graphs that are chains of fully connected layers."""

import io

import numpy as np
import pytest

from cutaway import Network, Weights

pytestmark = pytest.mark.needs("onnx")


@pytest.fixture
def graph(layers):
    """Make a model of nodes, which take and give x, 1, 2, ... in turn. Numbers have names."""
    onnx = pytest.importorskip("onnx")

    def make(*nodes, shape=("n", 6), **numbers):
        named = {"W1": layers[0][0], "b1": layers[0][1], "W2": layers[1][0], "b2": layers[1][1]}
        named |= {name: np.asarray(value) for name, value in numbers.items()}
        made = []
        for number, (kind, *others, how) in enumerate(nodes):
            source, target = str(number or "x"), str(number + 1)
            if number + 1 == len(nodes):
                target = "y"
            made.append(
                onnx.helper.make_node(kind, [source, *others], [target], f"node{number}", **how)
            )
        value = onnx.helper.make_tensor_value_info
        return onnx.helper.make_model(
            onnx.helper.make_graph(
                made, "chain", [value("x", onnx.TensorProto.FLOAT, shape)],
                [value("y", onnx.TensorProto.FLOAT, None)],
                [onnx.numpy_helper.from_array(array, name) for name, array in named.items()],
            )
        )  # fmt: skip

    return make


GEMMS = [("Gemm", "W1", "b1", {}), ("Relu", {}), ("Gemm", "W2", "b2", {}), ("Softmax", {})]
PRODUCTS = [
    ("MatMul", "W1", {}),
    ("Add", "b1", {}),
    ("Tanh", {}),
    ("MatMul", "W2", {}),
    ("Add", "b2", {}),
]


def test_gemms_and_products_with_sums_are_layers(graph, same, tmp_path):
    found = same(Weights.from_model(graph(*GEMMS)))
    assert found.activations == ("relu", "softmax")
    assert found.names == ("node 'node0' (Gemm)", "node 'node2' (Gemm)")
    model = graph(*PRODUCTS)
    assert same(Weights.from_model(model)).activations == ("tanh", "identity")
    model.graph.node[1].input[:] = reversed(model.graph.node[1].input)
    assert same(Weights.from_model(model)).sizes == (6, 5, 3)
    (tmp_path / "a.file").write_bytes(model.SerializeToString())  # told by its content
    assert same(Weights.from_model(tmp_path / "a.file")).source == "a.file"


def test_a_layer_may_lie_the_other_way_and_lack_its_bias(graph, layers):
    found = Weights.from_model(
        graph(("Gemm", "V", {"transB": 1}), ("Sigmoid", {}), ("MatMul", "W2", {}), V=layers[0][0].T)
    )
    np.testing.assert_array_equal(found.weights[0], layers[0][0])
    assert [bias.tolist() for bias in found.biases] == [[0] * 5, [0] * 3]
    assert found.activations == ("sigmoid", "identity")


def test_what_is_done_to_all_inputs_alike_is_mean_and_std(graph, same):
    before = [("Cast", {"to": 1}), ("Flatten", {}), ("Sub", "m", {}), ("Div", "s", {})]
    found = same(Weights.from_model(graph(*before, *GEMMS, m=33.5, s=[79.0], shape=("n", 1, 2, 3))))
    assert (found.mean, found.std, found.shape) == (pytest.approx(33.5), pytest.approx(79), (2, 3))
    found = same(Weights.from_model(graph(("Mul", "s", {}), *GEMMS, s=0.5)))
    assert (found.mean, found.std) == (0, 2)
    found = same(Weights.from_model(graph(("Sub", "m", {}), *GEMMS, m=np.arange(6.0))))
    assert (found.mean, found.activations) == (None, None)


def test_a_graph_of_pytorch_s_newer_exporter_is_a_chain_whatever_it_does_with_shapes(
    layers, same, tmp_path
):
    """As torch.onnx.export(dynamo=True) writes it: numbers stand in a file beside it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    (w1, b1), (w2, b2) = layers
    gemm = dict(alpha=1.0, beta=1.0, transA=0, transB=1)
    nodes = [
        helper.make_node("Shape", ["x"], ["val_0"], start=0, end=1),
        helper.make_node("Squeeze", ["val_0"], ["sym_size"]),
        helper.make_node("Reshape", ["sym_size", "val_1"], ["val_2"], allowzero=0),
        helper.make_node("Concat", ["val_2", "val_1"], ["val_4"], axis=0),
        helper.make_node("Reshape", ["x", "val_4"], ["view"], "node_view", allowzero=1),
        helper.make_node("Gemm", ["view", "0.weight", "0.bias"], ["linear"], "node_linear", **gemm),
        helper.make_node("Relu", ["linear"], ["relu"], "node_relu"),
        helper.make_node("Gemm", ["relu", "2.weight", "2.bias"], ["out"], "node_linear_1", **gemm),
        helper.make_node("ArgMax", ["out"], ["argmax"], axis=1),
    ]
    numbers = {
        "0.weight": w1.T.copy(), "0.bias": b1, "2.weight": w2.T.copy(), "2.bias": b2,
        "val_1": np.array([-1]),
    }  # fmt: skip
    value = helper.make_tensor_value_info
    model = helper.make_model(
        helper.make_graph(
            nodes, "main_graph", [value("x", TensorProto.FLOAT, ["n", 2, 3])],
            [value("out", TensorProto.FLOAT, ["n", 3]), value("argmax", TensorProto.INT64, ["n"])],
            [numpy_helper.from_array(array, name) for name, array in numbers.items()],
        ),
        producer_name="pytorch", opset_imports=[helper.make_opsetid("", 20)], ir_version=10,
    )  # fmt: skip
    onnx.save(
        model, tmp_path / "a.onnx", save_as_external_data=True, location="a.onnx.data",
        size_threshold=0,
    )  # fmt: skip
    found = same(Weights.from_model(tmp_path / "a.onnx"))
    assert (found.activations, found.shape) == (("relu", "identity"), (2, 3))
    (tmp_path / "a.onnx.data").unlink()
    with pytest.raises(ValueError, match=r"a.onnx is no whole ONNX file: .*should be stored"):
        Weights.from_model(tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        ([("Conv", "V", {}), *GEMMS], r"node 'node0' \(Conv\) must be a fully connected layer"),
        ([("Gemm", "W1", "b1", {"alpha": 2.0}), *GEMMS[1:]], r"node 'node0' \(Gemm\) must be"),
        ([("Gemm", "V", {}), *GEMMS], r"node 'node0' \(Gemm\) must have a weight with two axes"),
        ([*GEMMS[:2], *GEMMS[:1]], r"node 'node0' .* and \"node 'node2' .* must chain"),
        ([("MatMul", "x", {}), *GEMMS], r"node 'node0' \(MatMul\) must be"),
        ([("Relu", {})], "must have a fully connected layer, got none"),
    ],
)
def test_what_is_no_chain_names_the_node(graph, nodes, text):
    model = graph(*nodes, V=np.ones((2, 1, 3, 3), np.float32))
    with pytest.raises(ValueError, match=f"^from_model: .*{text}"):
        Weights.from_model(model)


def test_a_branch_and_an_unknown_activation(graph, same):
    model = graph(*GEMMS)
    model.graph.node.add(op_type="Relu", name="aside", input=["1"], output=["z"])
    with pytest.raises(ValueError, match=r"node 'aside' \(Relu\) must not branch off"):
        Weights.from_model(model)
    found = same(Weights.from_model(graph(GEMMS[0], ("Elu", {}), *GEMMS[2:])))
    assert (found.activations, found.unknown) == (None, "node 'node1' (Elu) is not known here")


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_chain_that_comes_back_to_itself_is_refused(graph, node):
    model = graph(*GEMMS)
    model.graph.node[3].input[0] = "elsewhere"
    model.graph.node[2].output[0] = model.graph.node[node].input[0]
    with pytest.raises(
        ValueError, match=r"^from_model: node 'node\d' \(\w+\) must (lead on|not branch off)"
    ):
        Weights.from_model(model)


@pytest.mark.parametrize("content", [b"", b"\x08\x09\x12\xff", b"\x08\x09\x12\x07pytorch\xff\xff"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path, content):
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^from_model: (\S*a.onnx is no whole ONNX|the graph must)"
    ):
        Weights.from_model(tmp_path / "a.onnx")


@pytest.mark.needs("torch")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its exporter
def test_a_file_of_pytorchs_computes_what_pytorch_does(tmp_path):
    import torch

    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3),
        torch.nn.Softmax(dim=1),
    )  # fmt: skip
    x = torch.randn(20, 3, 4)
    file = io.BytesIO()
    torch.onnx.export(model, (x,), file, dynamo=False)
    (tmp_path / "a.onnx").write_bytes(file.getvalue())
    network = Network.from_model(tmp_path / "a.onnx")
    np.testing.assert_allclose(network.forward(x.numpy()), model(x).detach().numpy(), atol=1e-5)
    assert network.shape == (3, 4)
