"""Pictures: a layer or one unit as an image, and what cannot be drawn."""

import re

import numpy as np
import pytest
from PIL import Image

from cutaway import grid, neuron
from cutaway.look.tiles import tiles


def test_grid_is_the_tiles_as_an_image_and_scale_repeats_every_pixel():
    weights = np.random.default_rng(0).standard_normal((9, 4))
    image = grid(weights, scale=3)
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"
    expected = tiles(weights).repeat(3, axis=0).repeat(3, axis=1)
    np.testing.assert_array_equal(np.asarray(image), expected)


def test_neuron_is_one_unit_with_its_largest_weight_at_full_strength():
    weights = np.random.default_rng(0).standard_normal((64, 3)) * [0.1, 1, 10]
    for unit in (0, 2, -1):
        expected = tiles(weights[:, unit], limit="each", border=False)
        np.testing.assert_array_equal(neuron(weights, unit, scale=1), expected)
        np.testing.assert_array_equal(neuron(weights[:, unit], scale=1), expected)
    assert neuron(weights, scale=5).size == (40, 40)
    expected = tiles(np.ones(9), limit=4, border=False)
    np.testing.assert_array_equal(neuron(np.ones(9), limit=4, scale=1), expected)


def test_options_may_be_scalars_and_arrays_of_numpy():
    weights, two = np.ones((16, 4)), np.int64(2)
    given = {"shape": np.array([2, 8]), "columns": two, "limit": np.float32(2), "scale": two}
    expected = grid(weights, shape=(2, 8), columns=2, limit=2, scale=2, legend=True)
    assert grid(weights, **given, border=np.True_, legend=np.True_) == expected
    expected = neuron(weights, 2, legend=True)
    assert neuron(weights, two, scale=np.uint8(8), legend=np.True_) == expected


def test_weights_as_pytorch_has_them_are_drawn_with_their_layout():
    weights = np.random.default_rng(0).standard_normal((64, 3))
    assert grid(weights.T, layout="out,in", legend=True) == grid(weights, legend=True)
    assert grid(weights, layout="in,out") == grid(weights)
    assert neuron(weights.T, 2, layout="out,in") == neuron(weights, 2)
    assert neuron(weights[:, 2], layout="out,in") == neuron(weights, 2)
    np.testing.assert_array_equal(tiles(weights.T, layout="out,in"), tiles(weights))


@pytest.mark.parametrize("draw", [grid, neuron, tiles])
@pytest.mark.parametrize("shape", [(128, 784), (800, 784), (10, 64)])
def test_weights_of_which_only_the_first_axis_is_a_picture_are_told(draw, shape):
    units_first = np.ones(shape)  # (units, fan_in), as PyTorch's
    with pytest.warns(UserWarning, match='as PyTorch has them, pass layout="out,in"') as caught:
        draw(units_first)
    assert [warning.filename for warning in caught] == [__file__]
    for layout in ("in,out", "out,in"):
        draw(units_first, layout=layout)
    draw(units_first, shape=(shape[0] // 2, 2))  # somebody knows


@pytest.mark.parametrize("shape", [(784, 128), (784, 64), (512, 256), (300, 100), (30, 49), (128,)])
def test_other_weights_are_drawn_in_silence(shape):
    grid(np.ones(shape), legend=True)


@pytest.mark.parametrize("draw", [grid, neuron])
@pytest.mark.parametrize(
    ("shape", "layout", "other"),
    [((6, 4), None, "out,in"), ((6, 4), "in,out", "out,in"), ((4, 6), "out,in", "in,out")],
)
def test_a_shape_that_fits_the_other_axis_is_told(draw, shape, layout, other):
    message = (
        f"{draw.__name__}: shape must hold 6 weights, got (2, 2), which fits the other axis: "
        f'transpose the weights, or pass layout="{other}"'
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw(np.ones(shape), shape=(2, 2), layout=layout)


@pytest.mark.parametrize(
    ("weights", "options", "error", "text"),
    [
        ([[0.0], [np.nan]], {}, ValueError, "grid: weights must be finite, got nan at [1, 0]"),
        ([[1e300]], {}, ValueError, "grid: weights must be finite"),
        ([["1", "2"]], {}, TypeError, "grid: weights must be real numbers, got <U1"),
        (np.ones((2, 2, 2)), {}, ValueError, "must be (fan_in, units) or (fan_in,), got shape"),
        (np.ones((6, 2)), {"shape": (2, 2)}, ValueError, "shape must hold 6 weights, got (2, 2)"),
        (
            np.ones(4),
            {"layout": "out"},
            ValueError,
            "layout must be one of 'in,out', 'out,in', got",
        ),
        (np.ones(4), {"scale": 1.5}, TypeError, "scale must be an integer, got 1.5"),
        (np.ones(4), {"shape": (2.0, 2)}, TypeError, "shape[0] must be an integer, got 2.0"),
        (np.ones(4), {"shape": 2}, ValueError, "shape must be (height, width) or (height, width, 3), got 2"),
        (np.ones(4), {"shape": (-2, -2)}, ValueError, "shape[0] must be at least 1, got -2"),
        (np.ones(4), {"limit": [1, 2]}, TypeError, "limit must be a number, got [1, 2]"),
        (np.ones(4), {"limit": "all"}, ValueError, "limit must be above 0, 'each' or None, got"),
        (np.ones(4), {"limit": 0}, ValueError, "limit must be above 0, 'each' or None, got 0"),
        (np.ones(4), {"style": "sepia"}, ValueError, "style must be one of"),
    ],
)
def test_what_makes_no_picture_is_refused_in_one_sentence(weights, options, error, text):
    with pytest.raises(error) as caught:
        grid(weights, **options)
    message = str(caught.value)
    assert message.startswith("grid: ")
    assert text in message
    assert "\n" not in message


def test_neuron_refuses_a_unit_that_is_not_there():
    for unit in (3, -4):
        with pytest.raises(IndexError, match=f"^neuron: unit must be below 3, got {unit}$"):
            neuron(np.ones((4, 3)), unit)
    for unit in (1.5, "1", None):
        with pytest.raises(TypeError, match=f"^neuron: unit must be an integer, got {unit!r}$"):
            neuron(np.ones((4, 3)), unit)
