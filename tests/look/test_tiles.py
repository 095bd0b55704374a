"""Tiles: where every weight is drawn, and in which colour."""

import numpy as np
import pytest

from cutaway.look.tiles import tiles

WHITE, BLACK, RED, LINE = [255, 255, 255], [0, 0, 0], [255, 0, 0], [168, 172, 180]

# Two units of 2 x 2 inputs: one is excited at the upper left, one inhibited at the lower right.
TWO = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, -1.0]])
LIGHT = {"+": (127, 39, 4), "-": (8, 48, 107), "0": (255, 255, 255), "|": (168, 172, 180)}
DARK = {"+": (255, 221, 176), "-": (190, 225, 255), "0": (17, 19, 24), "|": (66, 71, 82)}
CLASSIC = {"+": (255, 255, 255), "-": (0, 0, 0), "0": (0, 0, 0), "|": (255, 0, 0)}


def drawing(rows, colours):
    """An image whose pixels are written as letters."""
    return np.array([[colours[letter] for letter in row] for row in rows.split()], np.uint8)


def pixels(weights, **options):
    """The colours of one unit's weights, without a line around them."""
    weights = np.asarray(weights)
    return tiles(weights, shape=(1, len(weights)), border=False, **options)[0].astype(int)


@pytest.mark.parametrize(
    ("options", "rows", "colours"),
    [
        ({}, "||||||| |+0|00| |00|0-| |||||||", LIGHT),
        ({"border": False}, "+000 000-", LIGHT),
        ({"columns": 1}, "|||| |+0| |00| |||| |00| |0-| ||||", LIGHT),
        ({"theme": "dark"}, "||||||| |+0|00| |00|0-| |||||||", DARK),
        ({"style": "classic"}, "+000 000-", CLASSIC),
        ({"style": "classic", "theme": "dark"}, "+000 000-", CLASSIC),
        ({"shape": (1, 4)}, "||||||||||| |+000|000-| |||||||||||", LIGHT),
    ],
)
def test_two_units_are_drawn_to_the_pixel(options, rows, colours):
    expected, options = drawing(rows, colours), {"shape": (2, 2), **options}
    np.testing.assert_array_equal(tiles(TWO, **options), expected)
    np.testing.assert_array_equal(tiles(TWO.T, layout="out,in", **options), expected)


def test_weights_of_colour_pictures_are_colours_around_a_middle_gray_that_is_zero():
    red_not_blue = np.array([1.0, 0.0, -1.0, 0.0, 0.0, 0.0])
    drawn = tiles(red_not_blue, shape=(1, 2, 3), border=False)
    assert drawn.tolist() == [[[254, 127, 0], [127, 127, 127]]]
    assert (
        tiles(red_not_blue, shape=(1, 2, 3), border=False, theme="dark").tolist() == drawn.tolist()
    )
    classic = tiles(red_not_blue, shape=(1, 2, 3), style="classic")
    assert classic.tolist() == [[[255, 0, 0], [0, 0, 0]]]


def test_in_the_dark_strong_weights_are_bright_on_the_dark_paper():
    for sign in (1, -1):
        brightness = pixels(sign * np.linspace(0, 1, 9), theme="dark").sum(axis=1)
        assert (np.diff(brightness) > 0).all()


def test_row_r_column_c_is_weight_r_times_width_plus_c():
    weights = np.zeros((2, 3))
    weights[1, 0] = weights[0, 2] = 1
    coloured = (tiles(weights.ravel(), shape=(2, 3), border=False) != WHITE).any(axis=2)
    np.testing.assert_array_equal(coloured, weights == 1)


@pytest.mark.parametrize(("unit", "row", "column"), [(1, 0, 1), (2, 1, 0)])
def test_unit_1_is_right_of_unit_0_and_unit_2_begins_the_next_row(unit, row, column):
    weights = np.zeros((4, 4))
    weights[:, unit] = 1
    coloured = (tiles(weights, shape=(2, 2), border=False) != WHITE).any(axis=2)
    expected = np.zeros((2, 2), bool)
    expected[row, column] = True
    np.testing.assert_array_equal(coloured, expected.repeat(2, axis=0).repeat(2, axis=1))


def test_zero_is_white_positive_is_orange_and_negative_is_blue():
    zero, positive, negative, weak_positive, weak_negative = pixels([0, 1, -1, 0.4, -0.4])
    assert zero.tolist() == WHITE
    for red, green, blue in (positive, weak_positive):
        assert red > green > blue
    for red, green, blue in (negative, weak_negative):
        assert red < green < blue


def test_both_signs_get_darker_on_the_same_scale():
    steps = np.linspace(0, 1, 9)
    for sign in (1, -1):
        brightness = pixels(sign * steps).sum(axis=1)
        assert (np.diff(brightness) < 0).all()
    np.testing.assert_array_equal(pixels([-2, 1])[1], pixels([2, 1])[1])
    np.testing.assert_array_equal(pixels([2, -1])[1], pixels([-2, -1])[1])


def test_a_fixed_limit_gives_a_weight_the_same_colour_in_every_picture_and_clips_stronger_ones():
    small, large = pixels([0.5, 1], limit=2), pixels([0.5, 7], limit=2)
    np.testing.assert_array_equal(small[0], large[0])
    np.testing.assert_array_equal(large[1], pixels([2], limit=2)[0])


def test_limit_each_shows_every_unit_at_its_own_full_strength():
    weak_and_strong = np.array([[0.01, 10.0]])
    left, right = pixels(weak_and_strong, limit="each")
    np.testing.assert_array_equal(left, right)
    left, right = pixels(weak_and_strong, limit=10)
    assert left.sum() > right.sum()


def test_without_a_limit_a_single_huge_weight_does_not_make_the_rest_pale():
    weights = np.full(5000, 1.0)
    weights[0] = 1000
    np.testing.assert_array_equal(pixels(weights)[1], pixels([1.0])[0])


@pytest.mark.parametrize(("style", "colour"), [("diverging", WHITE), ("classic", BLACK)])
def test_weights_that_are_all_zero_are_drawn_as_zero(style, colour):
    for limit in (None, "each", 1):
        assert (pixels(np.zeros((9, 4)), limit=limit, style=style) == colour).all()
    dead, alive = pixels([[0.0, 3.0]], limit="each", style=style)
    assert (dead == colour).all()
    assert (alive != colour).any()


def test_the_size_of_the_weights_does_not_matter():
    for size in (1e-30, 3e38):
        np.testing.assert_array_equal(pixels([size, 0, -size]), pixels([1, 0, -1]))


def test_classic_draws_negative_weights_black_and_positive_ones_gray_up_to_white():
    drawn = pixels([-2, 0, 1, 2], style="classic")
    assert drawn[[0, 1, 3]].tolist() == [BLACK, BLACK, WHITE]
    assert len(set(drawn[2].tolist())) == 1
    assert 100 < drawn[2, 0] < 155


def test_classic_borders_are_red_and_on_the_tiles_own_edge():
    weights = np.ones((9, 4))
    plain, bordered = (
        tiles(weights, shape=(3, 3), style="classic", border=b) for b in (False, True)
    )
    assert plain.shape == bordered.shape == (6, 6, 3)
    red = (bordered == RED).all(axis=2)
    tile = np.array([[True, True, True], [True, False, True], [True, True, True]])
    np.testing.assert_array_equal(red, np.tile(tile, (2, 2)))
    assert not (plain == RED).all(axis=2).any()


def test_diverging_tiles_have_a_line_between_and_around_them():
    picture = tiles(np.zeros((4, 6)), shape=(2, 2), columns=3)
    line = ~(picture == WHITE).all(axis=2)
    assert line.shape == (2 * 3 + 1, 3 * 3 + 1)
    assert line[[0, 3, 6]].all()
    assert line[:, [0, 3, 6, 9]].all()
    assert line.sum() == line.size - 6 * 4
    assert len(np.unique(picture[line], axis=0)) == 1


@pytest.mark.parametrize(
    ("weights", "options", "height", "width"),
    [
        ((784, 64), {}, 8 * 28, 8 * 28),
        ((64, 4), {"shape": (4, 16)}, 2 * 4, 2 * 16),
        ((80, 3), {}, 2 * 1, 2 * 80),  # no square: strips
        ((49, 3), {}, 2 * 1, 2 * 49),  # a square, but too few for a picture: strips
        ((64, 5), {}, 2 * 8, 3 * 8),  # the last row is incomplete
        ((64, 5), {"columns": 4}, 2 * 8, 4 * 8),
        ((1,), {"columns": 99}, 1, 1),
    ],
)
def test_any_tile_shape_and_any_number_of_units(weights, options, height, width):
    assert tiles(np.ones(weights), border=False, **options).shape == (height, width, 3)


def test_an_incomplete_last_row_ends_blank():
    for style, blank in (("diverging", LINE), ("classic", BLACK)):
        picture = tiles(np.ones((4, 5)), shape=(2, 2), style=style, border=False)
        assert (picture[2:, 4:] == blank).all()
        assert (picture[2:, :4] != blank).any(axis=2).all()
