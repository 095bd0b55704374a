"""Lanes: layers side by side, as large as a screen has room for, whatever their inputs are."""

import numpy as np
import pytest

from cutaway.look.lanes import WIDEST, lanes_of
from cutaway.look.theme import THEMES
from cutaway.look.tiles import tiles

RNG = np.random.default_rng(0)
SHAPES = [(28, 28), (8, 8), (5, 7), (300, 7), (7, 300), (224, 224), (600, 600), None]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", range(1, 7))
def test_all_lanes_are_no_wider_than_a_screen_and_have_room_for_words(count, shape):
    lanes = lanes_of(count, int(np.prod(shape or (13,))), shape)
    height, width = (side * lanes.scale for side in lanes.whole)
    assert 900 <= width <= WIDEST
    assert height <= 720
    assert lanes.scale == 1 or lanes.scale % 2 == 0
    layers = [np.ones((int(np.prod(shape or (13,))), 20), np.float32)] * count
    assert lanes.draw(layers, 1.0, "light").shape == (*lanes.whole, 3)


def test_a_lane_shows_the_first_units_and_paper_where_there_are_fewer():
    layers = [RNG.normal(size=(784, units)).astype(np.float32) for units in (64, 3)]
    lanes = lanes_of(2, 784, (28, 28))
    image = lanes.draw(layers, 1.0, "dark")
    assert lanes.shown == 16
    width = lanes.size[1]
    first = tiles(layers[0][:, :16], shape=(28, 28), limit=1.0, columns=4, theme="dark")
    np.testing.assert_array_equal(image[:, : first.shape[1]], first)
    second = image[:, width + lanes.gap :]
    assert (second[30:] == THEMES["dark"].paper).all()
    np.testing.assert_array_equal(
        second[:30, :88], tiles(layers[1], shape=(28, 28), limit=1.0, columns=4, theme="dark")
    )


@pytest.mark.parametrize(("units", "missing"), [(3, 0), (5, 3), (8, 0), (10, 2), (64, 0)])
def test_where_a_last_row_is_not_full_there_is_paper(units, missing):
    lanes = lanes_of(2, 784, (28, 28))
    image = lanes.draw([np.ones((784, units), np.float32)] * 2, 1.0, "light")[:, : lanes.size[1]]
    rows = -(-min(units, 16) // 4)
    image = image[: 29 * rows + 1, : 29 * min(units, 4) + 1]
    last = image[-29:]
    edge = image.shape[1] - 29 * missing
    assert (last[:, edge:] == THEMES["light"].paper).all()
    assert (last[-1, :edge] == THEMES["light"].gap).all()
    assert (image[-30] == THEMES["light"].gap).all()


def test_inputs_that_are_no_picture_are_a_row_per_unit():
    layer = np.array([[1.0, -1.0]] * 6, np.float32)
    image = lanes_of(3, 6, None).draw([layer] * 3, 1.0, "light")
    height = lanes_of(3, 6, None).size[0]
    above, below = image[3, 50].astype(int), image[10, 50].astype(int)
    assert above[0] > above[2] + 50  # orange
    assert below[2] > below[0] + 50  # blue
    assert height == 16 * 7 + 1


def test_of_large_pictures_every_few_pixels_are_drawn():
    layer = np.zeros((600, 600), np.float32)
    layer[::3, ::3] = 1
    lanes = lanes_of(1, 360_000, (600, 600))
    image = lanes.draw([layer.reshape(-1, 1)], 1.0, "light")
    assert (image[1:200, 1:200] == THEMES["light"].positive[-1]).all()
