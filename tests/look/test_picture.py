"""Pictures: a layer or one unit as an image, and what cannot be drawn."""

import re

import numpy as np
import pytest
from PIL import Image

from cutaway import grid, neuron
from cutaway.look.tiles import tiles

# Two units of 2 x 2 inputs: one is excited at the upper left, one inhibited at the lower right.
TWO = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, -1.0]])
LIGHT = {"+": (127, 39, 4), "-": (8, 48, 107), "0": (255, 255, 255), "|": (168, 172, 180)}
DARK = {"+": (255, 221, 176), "-": (190, 225, 255), "0": (17, 19, 24), "|": (66, 71, 82)}
CLASSIC = {"+": (255, 255, 255), "0": (0, 0, 0), "|": (255, 0, 0)}


@pytest.mark.parametrize(
    ("options", "rows", "colours"),
    [
        ({}, "||||||||||| |++00|0000| |++00|0000| |0000|00--| |0000|00--| |||||||||||", LIGHT),
        ({"border": False}, "++000000 ++000000 000000-- 000000--", LIGHT),
        ({"columns": 1, "border": False}, "++00 ++00 0000 0000 0000 0000 00-- 00--", LIGHT),
        ({"order": [1, 0], "border": False}, "0000++00 0000++00 00--0000 00--0000", LIGHT),
        ({"order": [1], "border": False}, "0000 0000 00-- 00--", LIGHT),
        (
            {"theme": "dark"},
            "||||||||||| |++00|0000| |++00|0000| |0000|00--| |0000|00--| |||||||||||",
            DARK,
        ),
        ({"style": "classic"}, "++000000 ++000000 00000000 00000000", CLASSIC),
        (
            {"style": "classic", "border": True, "theme": "dark"},
            "|||||||| |+0||00| |00||00| ||||||||",
            CLASSIC,
        ),
        (  # strips, their cells twice as high as wide
            {"shape": (1, 4)},
            "|||||||||| " + 4 * "|++000000| " + "|||||||||| " + 4 * "|000000--| " + "||||||||||",
            LIGHT,
        ),
    ],
)
def test_two_units_are_drawn_to_the_pixel(options, rows, colours):
    expected = [[colours[letter] for letter in row] for row in rows.split()]
    options = {"shape": (2, 2), "scale": 2, **options}
    np.testing.assert_array_equal(grid(TWO, **options), np.array(expected))
    np.testing.assert_array_equal(grid(TWO.T, layout="out,in", **options), expected)


@pytest.mark.parametrize("style", ["diverging", "classic"])
def test_a_grid_of_one_pixel_per_weight_is_its_tiles(style):
    weights = np.random.default_rng(0).standard_normal((64, 4))
    image = grid(weights, style=style)
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), tiles(weights, style=style))


def test_where_there_is_no_unit_there_is_paper():
    for theme, paper in (("light", (255, 255, 255)), ("dark", (17, 19, 24))):
        picture = np.asarray(grid(np.ones((4, 5)), shape=(2, 2), theme=theme))
        assert (picture[4:, 7:] == paper).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_units_number_and_name_and_mark_go_with_its_tile(theme):
    rng = np.random.default_rng(0)
    told = {"names": list("abcd"), "marks": ["", "dead", "", ""], "numbers": True}
    options = {"scale": 4, "theme": theme, "limit": 1, "border": False, **told}
    weights, order = rng.standard_normal((256, 4)), [2, 1, 3, 0]
    plain, sorted_ = (np.asarray(grid(weights, order=o, **options)) for o in (None, order))
    height, width = len(plain) // 2, plain.shape[1] // 2
    for place, unit in enumerate(order):
        moved, own = (
            picture[row * height :, column * width :][:height, :width]
            for picture, (row, column) in ((sorted_, divmod(place, 2)), (plain, divmod(unit, 2)))
        )
        np.testing.assert_array_equal(moved, own)


@pytest.mark.parametrize("order", [[], [0, 0], [2], [-1], [0, 1, 0]])
def test_an_order_that_is_none_is_refused(order):
    message = f"grid: order must be different numbers from 0 to 1, got {order}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        grid(TWO, order=order)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_on_the_paper_of_its_theme(theme):
    paper = {"light": (255, 255, 255), "dark": (17, 19, 24)}[theme]
    told = {"names": ["a"] * 4, "legend": "title", "numbers": True, "theme": theme, "scale": None}
    for image in (grid(np.zeros((64, 4)), **told), grid(np.zeros((13, 4)), **told)):
        pixels = np.asarray(image)
        assert (pixels == paper).all(axis=2).mean() > 0.5
        assert (pixels[-1] == paper).all()


def test_neuron_is_one_unit_with_its_largest_weight_at_full_strength():
    weights = np.random.default_rng(0).standard_normal((64, 3)) * [0.1, 1, 10]
    for unit in (0, 2, -1):
        expected = tiles(weights[:, unit], limit="each", border=False)
        np.testing.assert_array_equal(neuron(weights, unit, scale=1), expected)
        np.testing.assert_array_equal(neuron(weights[:, unit], scale=1), expected)
    assert neuron(weights, scale=5).size == (40, 40)
    expected = tiles(np.ones(64), limit=4, border=False)
    np.testing.assert_array_equal(neuron(np.ones(64), limit=4, scale=1), expected)


@pytest.mark.parametrize(("inputs", "width"), [(784, 448), (64, 448), (13, 13 * 34)])
def test_without_a_scale_a_neuron_has_a_size_to_look_at(inputs, width):
    weights = np.ones((inputs, 3))
    assert neuron(weights, scale=None).width == width
    assert neuron(weights, scale=None, legend=True, theme="dark").width == width


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
        (
            np.ones(4),
            {"shape": 2},
            ValueError,
            "shape must be (height, width) or (height, width, 3), got 2",
        ),
        (np.ones(8), {"shape": (2, 2, 2)}, ValueError, "(height, width, 3), got (2, 2, 2)"),
        (np.ones(6), {"shape": (2, 2, 3)}, ValueError, "shape must hold 6 weights, got (2, 2, 3)"),
        (np.ones(4), {"theme": "sepia"}, ValueError, "theme must be one of 'light', 'dark', got"),
        (np.ones(4), {"order": [0.5]}, TypeError, "order must be integers, got float64"),
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
