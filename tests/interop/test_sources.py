"""Sources: whatever is a model is copied as it is at that moment; a loss is a number however it is held."""

import numpy as np
import pytest

import cutaway
from cutaway import Network
from cutaway.foreign.read import read
from cutaway.interop.sources import Copier, number_of

W1, B1, W2, B2 = np.ones((4, 3)), np.arange(3.0), np.ones((3, 2)), np.arange(2.0)


def copied(who, source):
    return Copier().copied(who, source)


def shapes(source):
    found = copied("see", source)
    return [
        (weights.shape, biases.tolist())
        for weights, biases in zip(found.weights, found.biases, strict=True)
    ]


EXPECTED = [((4, 3), [0, 1, 2]), ((3, 2), [0, 1])]


def test_biases_tell_how_weights_are_laid_out():
    assert shapes([W1, B1, W2, B2]) == shapes((W1.T, B1, W2.T, B2)) == EXPECTED


def test_a_layer_without_biases_has_zeros():
    assert shapes([W1, W2]) == [((4, 3), [0, 0, 0]), ((3, 2), [0, 0])]
    assert shapes([W1, B1, W2]) == [((4, 3), [0, 1, 2]), ((3, 2), [0, 0])]


def test_square_arrays_have_their_inputs_first():
    square = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(copied("see", [square, B1]).weights[0], square)


def test_a_network_is_its_layers_and_all_else_that_it_tells():
    network = Network((4, 3, 2), activation="relu", backend="cpu")
    found = copied("see", network)
    np.testing.assert_array_equal(found.weights[1], network.weights[1])
    assert found.activations == ("relu", "sigmoid")


def test_what_was_copied_stays_as_it_was(tmp_path):
    w, b = np.zeros((4, 2), np.float32), np.zeros(2, np.float32)
    found = copied("see", [w, b])
    w += 1
    b += 1
    assert not found.weights[0].any()
    assert not found.biases[0].any()
    np.savez(tmp_path / "step1.npz", W1=w, b1=b)
    assert copied("see", tmp_path / "step1.npz").weights[0].all()


@pytest.mark.needs("torch")
@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_a_module_is_its_linear_layers_square_ones_too(kind):
    import torch

    module = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2, bias=False)
    )
    module = module.to(getattr(torch, kind))
    found = copied("see", module)
    assert found.activations == ("relu", "identity")
    np.testing.assert_array_equal(found.weights[0], module[0].weight.detach().float().numpy().T)
    np.testing.assert_array_equal(found.biases[0], module[0].bias.detach().float().numpy())
    assert [weights.shape for weights in found.weights] == [(4, 4), (4, 2)]
    with torch.no_grad():
        module[0].bias.fill_(7)
    assert (found.biases[0] != 7).all()


@pytest.fixture
def module():
    import torch

    return torch.nn.Sequential(torch.nn.Linear(4, 3, bias=False), torch.nn.Linear(3, 2))


CHANGES = {
    "learns": lambda module: module[0].weight.fill_(7),
    "is put elsewhere": lambda module: setattr(module[0].weight, "data", module[0].weight + 1),
    "is of other numbers": lambda module: module.double()[0].weight.add_(1),
    "loses a unit": lambda module: (
        setattr(module[0].weight, "data", module[0].weight.data[:2]),
        setattr(module[1].weight, "data", module[1].weight.data[:, :2]),
    ),
    "has another layer": lambda module: setattr(module, "0", type(module[0])(4, 3)),
}


@pytest.mark.needs("torch")
@pytest.mark.parametrize("change", CHANGES)
def test_a_module_is_copied_as_it_is_whatever_has_become_of_it(change, module):
    import torch

    copier = Copier()
    for _ in range(2):
        before = copier.copied("see", module)
    with torch.no_grad():
        CHANGES[change](module)
    for _ in range(2):
        after = copier.copied("see", module)
        for layer, (weights, biases) in enumerate(zip(after.weights, after.biases, strict=True)):
            np.testing.assert_array_equal(weights, module[layer].weight.detach().float().numpy().T)
            if module[layer].bias is not None:
                np.testing.assert_array_equal(biases, module[layer].bias.detach().float().numpy())
    assert not np.array_equal(before.weights[0], after.weights[0])


@pytest.mark.needs("torch")
def test_where_a_module_has_its_weights_is_found_once(module, monkeypatch):
    copier, found = Copier(), []
    monkeypatch.setattr(
        "cutaway.interop.sources.read", lambda *args, **more: found.append(1) or read(*args, **more)
    )
    for _ in range(3):
        copier.copied("see", module)
    assert len(found) == 1
    for _ in range(3):
        copier.copied("see", module.double())
    assert len(found) == 4  # they are converted each time


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ([], "weights must be a Network, a PyTorch module, .* got \\[\\]"),
        ([B1], "weights must be a Network, a PyTorch module, .* got "),
        ([W1, B1, B1], r"'array 2' \(3,\) must be the bias of a fully connected layer"),
        ([W1, B2], r"the bias of 'array 0' \(4, 3\) must have 3 numbers, got 2"),
        ([W1, B1, W1], r"'array 0' \(4, 3\) and 'array 2' \(4, 3\) must chain"),
        (cutaway.Recorder(), "weights must have learned, got a Recorder that has not"),
    ],
)
def test_what_is_no_chain_of_layers_is_one_sentence(source, sentence):
    with pytest.raises((TypeError, ValueError), match=f"^see: {sentence}"):
        copied("see", source)


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
