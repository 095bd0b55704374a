"""Sources: arrays in either layout, modules and networks are layers; what is none is told in a sentence."""

import numpy as np
import pytest

from cutaway import Network
from cutaway.interop.sources import layers_of, number_of

W1, B1, W2, B2 = np.ones((4, 3)), np.arange(3.0), np.ones((3, 2)), np.arange(2.0)


def shapes(source):
    return [(weights.shape, biases.tolist()) for weights, biases in layers_of("see", source)]


EXPECTED = [((4, 3), [0, 1, 2]), ((3, 2), [0, 1])]


def test_biases_tell_how_weights_are_laid_out():
    assert shapes([W1, B1, W2, B2]) == shapes((W1.T, B1, W2.T, B2)) == EXPECTED


def test_a_layer_without_biases_has_zeros():
    assert shapes([W1, W2]) == [((4, 3), [0, 0, 0]), ((3, 2), [0, 0])]


def test_a_network_is_its_layers():
    network = Network((4, 3, 2), backend="cpu")
    for (weights, biases), expected in zip(
        layers_of("see", network), zip(network.weights, network.biases, strict=True), strict=True
    ):
        np.testing.assert_array_equal(weights, expected[0])
        np.testing.assert_array_equal(biases, expected[1])


@pytest.mark.needs("torch")
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_a_module_is_its_linear_layers_square_ones_too(kind):
    import torch

    module = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2, bias=False)
    )
    module = module.to(getattr(torch, kind))
    layers = layers_of("see", module)
    np.testing.assert_array_equal(layers[0][0], module[0].weight.detach().float().numpy().T)
    np.testing.assert_array_equal(layers[0][1], module[0].bias.detach().float().numpy())
    assert [weights.shape for weights, _ in layers] == [(4, 4), (4, 2)]


@pytest.mark.needs("torch")
def test_a_convolution_is_told_by_its_shape():
    import torch

    with pytest.raises(
        ValueError, match=r"^see: weights must be \[W, b.* got shape \(2, 1, 3, 3\)"
    ):
        layers_of("see", torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ([], "weights must have at least 1 layer, got 0"),
        (
            [B1],
            r"weights must be \[W, b, W, b, ...\] of 2 axes and of 1, got shape \(3,\) at \[0\]",
        ),
        ([W1, B1, B1], r"weights must be \[W, b, .* got shape \(3,\) at \[2\]"),
        ([W1, B2], r"weights must have as many biases as units, got shapes \(4, 3\) and \(2,\)"),
        ([W1, B1, W1], r"weights must be layers of which each .* got shapes \(4, 3\) and \(4, 3\)"),
    ],
)
def test_what_is_no_chain_of_layers_is_told_with_its_shapes(source, sentence):
    with pytest.raises(ValueError, match=f"^see: {sentence}"):
        layers_of("see", source)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array([0.5]), np.array(0.5)])
def test_a_loss_is_a_number_however_it_is_held(value):
    assert number_of("see", "loss", value) == 0.5
    assert type(number_of("see", "loss", value)) is float


@pytest.mark.needs("torch")
def test_a_tensor_s_number_is_held_without_its_past():
    import torch

    loss = torch.ones(1, requires_grad=True).sum()
    assert number_of("see", "loss", loss) == 1
    assert not number_of("see", "loss", loss.reshape(1)).requires_grad
    with pytest.raises(ValueError, match=r"^see: loss must be one number, got shape \(2,\)"):
        number_of("see", "loss", torch.ones(2))


@pytest.mark.parametrize("value", [True, [0.5, 0.5], "0.5", None])
def test_what_is_no_number_is_refused(value):
    with pytest.raises((TypeError, ValueError), match=r"^see: loss must be "):
        number_of("see", "loss", value)
