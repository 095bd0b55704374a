"""PyTorch's and scikit-learn's objects, and our own, are told by their types."""

import subprocess
import sys

import numpy as np
import pytest

from cutaway import Moment, Network, Weights


@pytest.fixture
def sequential(layers):
    """Make a Sequential of Linear layers and what comes after them."""
    torch = pytest.importorskip("torch")

    def make(*after):
        parts = []
        for (weight, bias), rest in zip(layers, after, strict=True):
            linear = torch.nn.Linear(*weight.shape)
            linear.load_state_dict(
                {"weight": torch.from_numpy(weight.T.copy()), "bias": torch.from_numpy(bias)}
            )
            parts += [linear, *rest]
        return torch.nn.Sequential(*parts)

    return make


@pytest.mark.needs("torch")
def test_a_sequential_is_read_with_its_activations(sequential, same):
    from torch import nn

    found = same(
        Weights.from_model(
            sequential([nn.ReLU(), nn.Dropout()], [nn.Identity(), nn.Softmax(dim=1)])
        )
    )
    assert found.activations == ("relu", "softmax")
    assert found.names == ("module 0 (Linear)", "module 3 (Linear)")
    assert same(Weights.from_model(sequential([nn.Tanh()], []))).activations == ("tanh", "identity")
    nested = nn.Sequential(nn.Flatten(), sequential([nn.Sigmoid()], [nn.Sigmoid()]))
    assert same(Weights.from_model(nested)).activations == ("sigmoid", "sigmoid")


@pytest.mark.needs("torch")
@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("GELU()", "Identity()", r"module 1 \(GELU\) is not known here"),
        ("Softmax(dim=1)", "Identity()", "a softmax is not at its end"),
        ("ReLU()", "Softmax(dim=0)", r"module 3 \(Softmax\) is along axis 0"),
    ],
)
def test_activations_that_are_none_of_ours_are_unknown(sequential, same, first, second, why):
    from torch import nn

    parts = [[eval(f"nn.{text}", {"nn": nn})] for text in (first, second)]
    model = sequential(*parts)
    assert same(Weights.from_model(model)).activations is None
    with pytest.raises(ValueError, match=f"^from_model: the model draws, but cannot .*{why}"):
        Network.from_model(model)


@pytest.mark.needs("torch")
def test_one_activation_may_stand_in_two_places():
    from torch import nn

    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(6, 5), relu, nn.Linear(5, 4), relu, nn.Linear(4, 3))
    assert Weights.from_model(model).activations == ("relu", "relu", "identity")


@pytest.mark.needs("torch")
def test_a_sequential_of_one_s_own_is_known_unless_it_goes_its_own_way(sequential, same):
    from torch import nn

    class Named(nn.Sequential):
        pass

    class Other(nn.Sequential):
        def forward(self, x):
            return super().forward(x).abs()

    class ReLU(nn.Module):
        def forward(self, x):
            return -x

    inner = sequential([nn.ReLU()], [])
    assert same(Weights.from_model(Named(*inner))).activations == ("relu", "identity")
    assert same(Weights.from_model(nn.Sequential(Named(*inner)))).activations is not None
    for model in (Other(*inner), nn.Sequential(Other(*inner)), sequential([ReLU()], [])):
        assert same(Weights.from_model(model)).activations is None


@pytest.mark.needs("torch")
def test_a_tensor_without_numbers_is_refused_in_our_words():
    from torch import nn

    with pytest.raises(
        TypeError, match=r"^from_model: .* must hold numbers, got Cannot copy out of"
    ):
        Weights.from_model(nn.Sequential(nn.Linear(3, 4, device="meta")))


@pytest.mark.needs("torch")
def test_a_module_with_weights_of_another_kind_is_named():
    from torch import nn

    with pytest.raises(
        ValueError, match=r"^from_model: module 0 \(Conv2d\) must be a fully connected layer"
    ):
        Weights.from_model(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)))


@pytest.mark.needs("torch")
def test_of_another_module_the_weights_are_read(layers, same):
    import torch

    class Own(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(6, 5), torch.nn.Linear(5, 3)

    module = Own()
    with torch.no_grad():
        for layer, (weight, bias) in zip((module.first, module.second), layers, strict=True):
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
    found = same(Weights.from_model(module))
    assert (found.activations, found.unknown) == (None, "Own is no Sequential")
    same(Weights.from_model(module.state_dict()))
    half = Weights.from_model(module.bfloat16().state_dict())
    np.testing.assert_allclose(half.weights[0], layers[0][0], rtol=0.01)


@pytest.mark.needs("torch")
def test_a_square_tensor_of_pytorchs_has_pytorchs_layout():
    import torch

    linear = torch.nn.Linear(4, 4)
    found = Weights.from_model(linear.state_dict())
    np.testing.assert_array_equal(found.weights[0], linear.weight.detach().numpy().T)


def fitted(kind, layers, activation, output, classes=None):
    """An estimator as fit() leaves it."""
    model = kind(activation=activation)
    model.coefs_ = [weight for weight, _ in layers]
    model.intercepts_ = [bias for _, bias in layers]
    model.out_activation_ = output
    if classes is not None:
        model.classes_ = np.array(classes)
    return model


@pytest.mark.needs("sklearn")
def test_a_perceptron_is_read_with_its_activations_and_classes(layers, same):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    found = same(
        Weights.from_model(fitted(MLPClassifier, layers, "logistic", "softmax", [0, 1, 2]))
    )
    assert (found.activations, found.class_names) == (("sigmoid", "softmax"), None)
    found = same(
        Weights.from_model(fitted(MLPClassifier, layers, "tanh", "softmax", ["a", "b", "c"]))
    )
    assert (found.activations, found.class_names) == (("tanh", "softmax"), ("a", "b", "c"))
    found = same(Weights.from_model(fitted(MLPRegressor, layers, "relu", "identity")))
    assert found.activations == ("relu", "identity")
    with pytest.raises(ValueError, match=r"^from_model: model must be fitted, got MLPClassifier"):
        Weights.from_model(MLPClassifier())


def test_a_network_and_its_moments_are_models(layers, same):
    network = Network((6, 5, 3), activation="tanh")
    for number, (weight, bias) in enumerate(layers):
        network.set_weights(number, np.vstack([bias, weight]))
    found = same(Weights.from_model(network))
    assert found.activations == ("tanh", "sigmoid")
    assert same(Weights.from_model(found)) is found
    moment = Moment(
        epoch=1, step=1, losses=[], weights=network.weights, biases=network.biases, metrics={},
        seconds=0.0,
    )  # fmt: skip
    assert same(Weights.from_model(moment)).activations is None


def test_no_library_is_loaded_to_look_at_what_is_none_of_theirs():
    program = (
        "import cutaway, numpy as np, sys\n"
        "cutaway.grid([np.ones((4, 3)), np.ones((3, 2))])\n"
        "assert not {'torch', 'sklearn', 'keras', 'onnx', 'h5py'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
