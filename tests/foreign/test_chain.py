"""Named arrays become layers: which is a weight, whose a bias is, which axis is which, in which order."""

import numpy as np
import pytest

from cutaway.foreign.chain import layers_of

RNG = np.random.default_rng(0)


def named(**arrays):
    return [(name, np.ones(shape)) for name, shape in arrays.items()]


def shapes(arrays, *arguments, **keywords):
    return [layer.weight.shape for layer in layers_of("read", arrays, *arguments, **keywords)]


def test_layouts_are_told_by_the_shapes_that_chain():
    assert shapes(named(a=(7, 5), b=(5, 3))) == [(7, 5), (5, 3)]
    assert shapes(named(a=(5, 7), b=(3, 5))) == [(7, 5), (5, 3)]


def test_or_by_a_bias():
    assert shapes(named(weight=(7, 5), bias=5)) == [(7, 5)]
    assert shapes(named(weight=(7, 5), bias=7)) == [(5, 7)]
    assert shapes(named(W1=(7, 5), b1=7, W2=(5, 7), b2=5)) == [(5, 7), (7, 5)]


def test_where_both_fit_the_argument_to_give_is_named():
    square = named(a=(4, 4), b=(4, 4))
    with pytest.raises(
        ValueError, match=r"^read: layout must be 'in,out' or 'out,in' for 'a' \(4, 4\), 'b'"
    ):
        layers_of("read", square)
    array = RNG.normal(size=(4, 4)).astype(np.float32)
    (given,) = layers_of("read", [("a", array)], "out,in")
    np.testing.assert_array_equal(given.weight, array.T)
    (usual,) = layers_of("read", [("a", array)], usual="in,out")
    np.testing.assert_array_equal(usual.weight, array)


@pytest.mark.parametrize(
    "names",
    [
        ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"),
        ("W1", "b1", "W2", "b2"),
        ("w_in", "b_in", "w_out", "b_out"),
        ("coefs_0", "intercepts_0", "coefs_1", "intercepts_1"),
        ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"),
        ("one", "two", "three", "four"),  # by their places
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_bias_belongs_to_the_weight_whose_name_it_has(names, together):
    values = RNG.normal(size=(7, 5)), np.arange(5), RNG.normal(size=(5, 5)), np.arange(5) + 9
    arrays = [*zip(names, values, strict=True)]
    if not together:
        arrays = [arrays[n] for n in (0, 2, 1, 3)]
    first, second = layers_of("read", arrays)
    assert (first.bias.tolist(), second.bias.tolist()) == ([0, 1, 2, 3, 4], [9, 10, 11, 12, 13])


def test_a_layer_may_have_no_bias_and_a_bias_two_axes():
    first, second = layers_of(
        "read", named(**{"a.weight": (5, 7), "b.weight": (3, 5), "b.bias": (3, 1)})
    )
    assert first.bias is None
    assert second.bias.shape == (3,)


def test_without_names_a_bias_belongs_to_the_weight_before_it():
    values = np.ones((7, 5)), np.arange(5), np.ones((5, 5)), np.ones((5, 3)), np.arange(3)
    arrays = [(f"array {number}", value) for number, value in enumerate(values)]
    layers = layers_of("read", arrays)
    assert [layer.bias is None for layer in layers] == [False, True, False]


def test_single_numbers_are_no_layers():
    assert shapes(named(epoch=(), a=(7, 5), b=(5, 3))) == [(7, 5), (5, 3)]


def test_without_an_order_it_is_that_of_the_numbers_in_the_names_or_what_chains():
    layers = named(**{"l10": (3, 2), "l9": (4, 3), "l2": (5, 4)})
    assert shapes(layers, ordered=False) == [(5, 4), (4, 3), (3, 2)]
    layers = named(hidden=(5, 4), input=(6, 5), output=(4, 3))
    assert shapes(layers, ordered=False) == [(6, 5), (5, 4), (4, 3)]
    with pytest.raises(ValueError, match=r"'input' \(6, 5\) and 'output' \(4, 3\) must chain"):
        layers_of("read", layers)


def test_the_usual_layout_goes_before_the_order_of_the_names():
    layers = named(
        input_to_hidden=(5, 6), hidden_to_output=(3, 5)
    )  # without biases, 3-5-6 chains, too
    assert shapes(layers, usual="out,in", ordered=False) == [(6, 5), (5, 3)]


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        (named(a=(7, 5), b=(6, 3)), r"'a' \(7, 5\) and 'b' \(6, 3\) must chain"),
        (named(a=(7, 5), b=(5, 3), c=(2, 3)), r"'b' \(5, 3\) and 'c' \(2, 3\) must chain"),
        (named(a=(7, 5), bias=4), r"the bias of 'a' \(., .\) must have . numbers, got 4"),
        (named(conv=(8, 1, 3, 3)), r"'conv' must be .* got shape \(8, 1, 3, 3\)"),
        (named(cube=(2, 3, 4)), r"'cube' must be .* got shape \(2, 3, 4\)"),
        (named(a=(0, 4)), r"'a' must be .* got shape \(0, 4\)"),
        (named(), "must have a weight with two axes, got none"),
        (named(a=5), "must have a weight with two axes, got none"),
        (
            named(**{"0.weight": (5, 7), "0.bias": 5, "1.weight": 5, "1.bias": 5}),
            r"'1.weight' \(5,\) must be the bias of a fully connected layer",
        ),
        (named(a=(7, 5), x=5, y=5), r"'y' \(5,\) must be the bias of a fully connected layer"),
    ],
)
def test_what_is_no_chain_names_what_is_not(arrays, text):
    with pytest.raises(ValueError, match=f"^read: .*{text}"):
        layers_of("read", arrays)


def test_text_is_no_array_of_numbers():
    with pytest.raises(TypeError, match=r"^read: 'names' must be real numbers"):
        layers_of("read", [("names", np.array(["a"]))])
